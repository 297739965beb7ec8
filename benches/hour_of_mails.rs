//! Mails spread evenly over one hour, by a clock that is put forward between them: how often the
//! provider is asked for a token is for others to count.
//!
//! Usage: `hour_of_mails DIR COUNT`. DIR is the folder of a machine: `config`, `state` and `run`, with
//! the four configuration files in `config` and a grant in `state`. Ends with an error unless each mail
//! is sent.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use notify::Severity;
use notify::config::{Config, Raw};
use notify::deliver::Sender;
use notify::template::Templates;
use notify::token::Cache;
use notify::{Clock, Deadline, Host, LocalTime, Notification, SystemClock};

const HOUR: Duration = Duration::from_secs(3600);

/// The system's clock, put forward by so many milliseconds.
#[derive(Default)]
struct Forward(AtomicU64);

impl Forward {
    fn passed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Clock for Forward {
    fn now(&self) -> i64 {
        SystemClock
            .now()
            .saturating_add_unsigned(self.passed().as_secs())
    }

    fn local(&self, seconds: i64) -> Option<LocalTime> {
        SystemClock.local(seconds)
    }

    fn uptime(&self) -> Duration {
        SystemClock.uptime() + self.passed()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(dir), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: hour_of_mails DIR COUNT".into());
    };
    let (dir, count) = (Path::new(&dir), count.parse::<u32>()?);
    let host = Host::standalone(dir.join("config"))
        .with_state_dir(dir.join("state"))
        .with_run_dir(dir.join("run"))
        .with_vendor_templates(dir.join("templates"));
    let config = config(&dir.join("config"))?;
    let (clock, tokens) = (Forward::default(), Cache::new());
    let templates = Templates::of_host(&host);
    let sender = Sender {
        host: &host,
        templates: &templates,
        clock: &clock,
        tokens: &tokens,
        transcript: None,
    };
    for number in 0..count {
        let data = serde_json::json!({ "target": format!("mail {number}") });
        let mail = Notification::new(Severity::Info, "test", data, [].into(), &clock);
        let delivery = sender.send(&config, &mail, Deadline::after(Duration::from_secs(20)));
        let outcomes = delivery
            .targets
            .iter()
            .flat_map(|target| &target.recipients);
        let unsent = outcomes.filter(|recipient| recipient.outcome.as_str() != "sent");
        if let Some(recipient) = unsent.into_iter().next() {
            return Err(format!("mail {number}: {:?}", recipient.outcome).into());
        }
        let step = u64::try_from((HOUR / count).as_millis())?;
        clock.0.fetch_add(step, Ordering::Relaxed);
    }
    Ok(())
}

fn config(dir: &Path) -> Result<Config, Box<dyn Error>> {
    let read = |name: &str| match fs::read_to_string(dir.join(name)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => text,
    };
    Ok(Config::parse(Raw {
        public: &read("notifications.cfg")?,
        private: &read("priv/notifications.cfg")?,
        ext: &read("notifications-ext.cfg")?,
        private_ext: &read("priv/notifications-ext.cfg")?,
    })?)
}
