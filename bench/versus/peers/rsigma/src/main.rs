//! rsigma behind one command; the counterpart of bench/micro/bench_sigma.cc.
//!
//!   rsigma-peer match|read|correlate RULES EVENTS [bloom|ac] < SECONDS
//!
//! A line says what the events match; then, for each line of standard input, a line of figures for so many seconds.
//! `match`: events parsed before. `read`: parsed from JSON each time. `correlate`: 100,000 keys by turns, a thousand
//! events a second of the events' time, parsed before.

use rsigma_eval::event::JsonEvent;
use rsigma_eval::{CorrelationConfig, CorrelationEngine, Engine, ProcessResultExt};
use rsigma_parser::parse_sigma_yaml;
use serde_json::Value;
use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

const KEYS: usize = 100_000;
const PER_SECOND: usize = 1_000;

fn cpu_seconds() -> f64 {
    // Fields 14 and 15 of /proc/self/stat are clock ticks; schedstat counts nanoseconds.
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn measured(mut one: impl FnMut() -> usize) {
    for line in std::io::stdin().lock().lines() {
        let seconds: f64 = line.unwrap().trim().parse().unwrap();
        let (start, cpu) = (Instant::now(), cpu_seconds());
        let mut events = 0usize;
        while start.elapsed().as_secs_f64() < seconds {
            events += one();
        }
        let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        println!(
            "events_per_s={:.0} cpu_us={:.4}",
            events as f64 / wall,
            cpu * 1e6 / events as f64
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rules = std::fs::read_to_string(&arguments[1]).unwrap();
    let collection = parse_sigma_yaml(&rules).unwrap();
    let option = arguments.get(3).map(String::as_str).unwrap_or("");
    if arguments[0] == "correlate" {
        let mut engine = CorrelationEngine::new(CorrelationConfig::default());
        engine.add_collection(&collection).unwrap();
        let values: Vec<Value> = (0..KEYS)
            .map(|key| serde_json::json!({"kind": "a", "user": format!("user-{key}")}))
            .collect();
        let events: Vec<JsonEvent> = values.iter().map(JsonEvent::borrow).collect();
        let mut next = 0usize;
        let mut fired = 0usize;
        let mut step = |engine: &mut CorrelationEngine, count: usize| {
            for _ in 0..count {
                let at = 1_000_000 + (next / PER_SECOND) as i64;
                fired += engine.process_event_at(&events[next % KEYS], at).correlation_count();
                next += 1;
            }
            fired
        };
        let first = step(&mut engine, 4 * KEYS);
        println!("fired={first}");
        measured(|| {
            black_box(step(&mut engine, PER_SECOND));
            PER_SECOND
        });
        return;
    }
    let mut engine = Engine::new();
    engine.set_bloom_prefilter(option == "bloom");
    engine.set_cross_rule_ac(option == "ac");
    engine.add_collection(&collection).unwrap();
    let text = std::fs::read_to_string(&arguments[2]).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let values: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<JsonEvent> = values.iter().map(JsonEvent::borrow).collect();
    let matched: usize = events.iter().map(|event| engine.evaluate(event).len()).sum();
    println!("matched={matched}");
    if arguments[0] == "match" {
        measured(|| {
            for event in &events {
                black_box(engine.evaluate(event).len());
            }
            events.len()
        });
    } else {
        measured(|| {
            for line in &lines {
                let value: Value = serde_json::from_str(line).unwrap();
                black_box(engine.evaluate(&JsonEvent::borrow(&value)).len());
            }
            lines.len()
        });
    }
}
