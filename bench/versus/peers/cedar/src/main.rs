//! The Rust reference of Cedar behind two commands.
//!
//!   cedar-peer answer < CASES > ANSWERS          one JSON object a line each, as tests/policy/README.md has them
//!   cedar-peer bench FOLDER SECONDS              decisions on a scenario (bench/versus/policy_scenario.py)
//!   cedar-peer read FOLDER                       how long parsing and validating its policies takes

mod answer;
mod bench;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["answer"] => answer::run(),
        ["bench", folder, seconds] => bench::decide(folder, seconds),
        ["read", folder] => bench::read(folder),
        _ => {
            eprintln!("usage: cedar-peer answer | bench FOLDER SECONDS | read FOLDER");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("cedar-peer: {problem}");
            ExitCode::from(3)
        }
    }
}
