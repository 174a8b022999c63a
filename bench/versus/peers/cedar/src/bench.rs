//! How fast the reference decides, with entities loaded and policies parsed.

use std::error::Error;
use std::fs::read_to_string;
use std::str::FromStr;
use std::time::{Duration, Instant};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, Schema, ValidationMode,
    Validator,
};
use serde_json::Value;

/// CPU time of this process so far, in seconds. It has one thread.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let nanoseconds: f64 = read_to_string("/proc/self/schedstat")?
        .split(' ')
        .next()
        .unwrap_or("")
        .parse()?;
    Ok(nanoseconds / 1e9)
}

fn request(line: &str) -> Result<Request, Box<dyn Error>> {
    let json: Value = serde_json::from_str(line)?;
    let uid = |name: &str| EntityUid::from_json(json[name].clone());
    let context = Context::from_json_value(json["context"].clone(), None)?;
    Ok(Request::new(
        uid("principal")?,
        uid("action")?,
        uid("resource")?,
        context,
        None,
    )?)
}

pub fn decide(folder: &str, seconds: &str) -> Result<(), Box<dyn Error>> {
    let length = Duration::from_secs_f64(seconds.parse()?);
    let policies = PolicySet::from_str(&read_to_string(format!("{folder}/policies.cedar"))?)?;
    let entities =
        Entities::from_json_str(&read_to_string(format!("{folder}/entities.json"))?, None)?;
    let requests = read_to_string(format!("{folder}/requests.jsonl"))?
        .lines()
        .map(request)
        .collect::<Result<Vec<_>, _>>()?;
    let authorizer = Authorizer::new();

    // The first time round is not measured; what it gives is compared with the other side.
    let (mut allowed, mut reasons, mut errors) = (0, 0, 0);
    for request in &requests {
        let response = authorizer.is_authorized(request, &policies, &entities);
        allowed += usize::from(response.decision() == Decision::Allow);
        reasons += response.diagnostics().reason().count();
        errors += response.diagnostics().errors().count();
    }
    let (cpu, began) = (cpu_seconds()?, Instant::now());
    let mut times = Vec::new();
    let (mut decisions, mut last) = (0u64, began);
    for request in requests.iter().cycle() {
        std::hint::black_box(authorizer.is_authorized(request, &policies, &entities));
        decisions += 1;
        let now = Instant::now();
        times.push((now - last).as_nanos() as u64);
        last = now;
        if now - began >= length {
            break;
        }
    }
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    times.sort_unstable();
    println!(
        "decisions_per_s={:.1} cpu_us={:.4} p50_us={:.4} p99_us={:.4} allowed={allowed} reasons={reasons} errors={errors}",
        decisions as f64 / wall,
        cpu / decisions as f64 * 1e6,
        times[times.len() / 2] as f64 / 1e3,
        times[times.len() * 99 / 100] as f64 / 1e3,
    );
    Ok(())
}

pub fn read(folder: &str) -> Result<(), Box<dyn Error>> {
    let text = read_to_string(format!("{folder}/policies.cedar"))?;
    let (schema, _) =
        Schema::from_cedarschema_str(&read_to_string(format!("{folder}/schema.cedarschema"))?)?;
    let began = Instant::now();
    let policies = PolicySet::from_str(&text)?;
    let parsed = began.elapsed();
    let result = Validator::new(schema).validate(&policies, ValidationMode::Strict);
    let validated = began.elapsed() - parsed;
    println!(
        "parse_ms={:.2} validate_ms={:.2} valid={}",
        parsed.as_secs_f64() * 1e3,
        validated.as_secs_f64() * 1e3,
        u8::from(result.validation_passed()),
    );
    Ok(())
}
