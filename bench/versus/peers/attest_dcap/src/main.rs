//! dcap-qvl, asked by tests/attest/differ.
//!
//!   attest-dcap bench QUOTE COLLATERAL UNIX < SECONDS    a line of figures for each line of input
//!   attest-dcap judge UNIX < LINES                       `accept STATUS` or `refuse` for each `QUOTE COLLATERAL`, in
//!                                                        hexadecimal

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Instant;

use dcap_qvl::{verify::ring::verify, QuoteCollateralV3};

type Done = Result<(), Box<dyn Error>>;

/// Collateral in JSON, with lists and signatures in hexadecimal.
fn read(text: &[u8]) -> Result<QuoteCollateralV3, Box<dyn Error>> {
    let value: serde_json::Value = serde_json::from_slice(text)?;
    let text_of = |name: &str| value[name].as_str().map(String::from).ok_or(format!("no `{name}`"));
    let bytes_of = |name: &str| -> Result<Vec<u8>, Box<dyn Error>> { Ok(hex::decode(text_of(name)?)?) };
    Ok(QuoteCollateralV3 {
        pck_crl_issuer_chain: text_of("pck_crl_issuer_chain")?,
        root_ca_crl: bytes_of("root_ca_crl")?,
        pck_crl: bytes_of("pck_crl")?,
        tcb_info_issuer_chain: text_of("tcb_info_issuer_chain")?,
        tcb_info: text_of("tcb_info")?,
        tcb_info_signature: bytes_of("tcb_info_signature")?,
        qe_identity_issuer_chain: text_of("qe_identity_issuer_chain")?,
        qe_identity: text_of("qe_identity")?,
        qe_identity_signature: bytes_of("qe_identity_signature")?,
        pck_certificate_chain: None,
    })
}

fn judge(quote: &[u8], collateral: &[u8], at: u64) -> Result<String, Box<dyn Error>> {
    Ok(verify(quote, &read(collateral)?, at).map_err(|problem| format!("{problem:#}"))?.status)
}

fn cpu() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: getrusage fills the structure that it is given.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn bench(quote: &str, collateral: &str, at: u64) -> Done {
    let quote = std::fs::read(quote)?;
    let collateral = std::fs::read(collateral)?;
    println!("accepted=1");
    for line in io::stdin().lock().lines() {
        let seconds: f64 = line?.parse()?;
        let (begin, start, mut count) = (cpu(), Instant::now(), 0u32);
        while start.elapsed().as_secs_f64() < seconds {
            judge(&quote, &collateral, at)?;
            count += 1;
        }
        let count = f64::from(count);
        println!("cpu_us={:.2} per_s={:.1}", (cpu() - begin) * 1e6 / count, count / start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn answer(at: u64) -> Done {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (quote, collateral) = line.split_once(' ').ok_or("a line has two words")?;
        match judge(&hex::decode(quote)?, &hex::decode(collateral)?, at) {
            Ok(status) => writeln!(out, "accept {status}")?,
            Err(problem) => writeln!(out, "refuse {}", problem.to_string().replace('\n', " "))?,
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["bench", quote, collateral, at] => at.parse().map_err(Into::into).and_then(|at| bench(quote, collateral, at)),
        ["judge", at] => at.parse().map_err(Into::into).and_then(answer),
        _ => {
            eprintln!("usage: attest-dcap bench QUOTE COLLATERAL UNIX | judge UNIX");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("attest-dcap: {problem}");
            ExitCode::from(3)
        }
    }
}
