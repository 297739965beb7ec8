//! How long before its end a token is renewed, where the settings say so.

use std::time::Duration;

use crate::provider::{Provider, Rule};
use crate::site::Site;

#[test]
fn as_early_as_the_settings_say_but_not_in_the_first_half_of_its_life() {
    for (life, before, fresh, due) in [
        ("3600", 60, 3530, 3550),
        ("3600", 1500, 2090, 2110),
        ("3600", 3600, 1790, 1810),
        ("600", 200, 390, 410),
    ] {
        let provider = Provider::new(Rule::Strict);
        provider.set(|state| state.expires_in = life.to_owned());
        let mut site = Site::consented(&provider.url());
        site.account.refresh_before = Some(Duration::from_secs(before));
        site.token().unwrap();
        for restarts in [false, true] {
            if restarts {
                site.restart();
            }
            site.clock.pass(fresh / 2);
            assert_eq!(site.token().unwrap(), "a-cAnArY-1", "{life} {before}");
        }
        site.clock.pass(due - fresh);
        assert_eq!(site.token().unwrap(), "a-cAnArY-2", "{life} {before}");
        assert_eq!(provider.asked(), 2);
    }
}
