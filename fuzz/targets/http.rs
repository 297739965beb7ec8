//! What a web server answers to a webhook: whatever it is, there is an outcome, in time and true.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use fuzz::Peer;
use libfuzzer_sys::fuzz_target;
use notify::config::{Config, HttpMethod, Raw, WebhookSettings};
use notify::deliver::Sender;
use notify::template::Templates;
use notify::token::Cache;
use notify::{Deadline, Host, SystemClock};

static PEER: LazyLock<Peer> = LazyLock::new(Peer::start);
static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| {
    Templates::new(
        "/nonexistent",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../templates"),
    )
});
static TOKENS: LazyLock<Cache> = LazyLock::new(Cache::new);
static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let mut config = Config::parse(Raw::default()).expect("nothing is a configuration");
    let settings = WebhookSettings {
        url: Some(format!("http://127.0.0.1:{}/", PEER.port)),
        method: Some(HttpMethod::Post),
        ..WebhookSettings::default()
    };
    config.add("hook", settings).expect("a webhook");
    config
});

fuzz_target!(|words: &[u8]| {
    PEER.says(words);
    let host = Host::standalone("/nonexistent");
    let sender = Sender {
        host: &host,
        templates: &TEMPLATES,
        clock: &SystemClock,
        tokens: &TOKENS,
        transcript: None,
    };
    // less than the pause before a second try
    let deadline = Deadline::after(Duration::from_millis(290));
    match sender.test_target(&CONFIG, "hook", deadline) {
        // empty lines before it are skipped, as before a request (RFC 9112 section 2.2)
        Ok(_) => assert!(
            words.trim_ascii_start().starts_with(b"HTTP/1."),
            "arrived only where the server said so"
        ),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.len() < 4096);
        }
    }
});
