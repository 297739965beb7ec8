//! The baseline of the exchange's benchmark: the same request by ureq over OpenSSL and nothing else.
//!
//! Usage: `bare_exchange TOKEN_URL CA_BUNDLE FORM`. For each line "N" on standard input it makes
//! N requests one after the other, each on a connection of its own, and prints the nanoseconds of
//! each on one line.

#[path = "../crates/sandbox/src/agent.rs"]
mod agent;

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .ok_or("usage: bare_exchange TOKEN_URL CA_BUNDLE FORM")
    };
    let (url, bundle, form) = (next()?, next()?, next()?);

    let agent = agent::trusting(bundle.as_ref(), config())?;
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let mut times = Vec::new();
        for _ in 0..line?.trim().parse::<u32>()? {
            let start = Instant::now();
            exchange(&agent, &url, &form)?;
            times.push(start.elapsed().as_nanos().to_string());
        }
        writeln!(out, "{}", times.join(" "))?;
        out.flush()?;
    }
    Ok(())
}

fn config() -> ureq::config::Config {
    ureq::Agent::config_builder()
        .https_only(true)
        .max_redirects(0)
        .max_idle_connections(0)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
}

fn exchange(agent: &ureq::Agent, url: &str, form: &str) -> Outcome<()> {
    let answer = agent
        .post(url)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .send(form)?
        .body_mut()
        .read_to_string()?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    answer["refresh_token"].as_str().ok_or("no refresh token")?;
    Ok(())
}
