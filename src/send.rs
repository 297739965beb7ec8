//! Sending: to whom the matchers say, or to one target as a test.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use std::collections::BTreeMap;
    use std::sync::{Arc, LazyLock, Mutex};

    use notify::Severity;
    use notify::deliver::{BACKGROUND_BUDGET, CALL_BUDGET, Delivery, Sender};
    use notify::template::Templates;
    use notify::token::Cache;
    use notify::{Deadline, Host, Notification, SystemClock};
    use serde_json::Value;

    use crate::fault::Fault;
    use crate::object::Object;

    /// The compiled templates of the last call, which a daemon needs again.
    static TEMPLATES: Mutex<Option<Arc<Templates>>> = Mutex::new(None);
    /// The access tokens that this process has seen.
    pub static TOKENS: LazyLock<Cache> = LazyLock::new(Cache::new);

    /// Never waits: a child may be forked while another thread is here.
    fn templates(host: &Host) -> Arc<Templates> {
        let Ok(mut last) = TEMPLATES.try_lock() else {
            return Arc::new(Templates::of_host(host));
        };
        match &*last {
            Some(templates) if templates.are_of(host) => Arc::clone(templates),
            _ => Arc::clone(last.insert(Arc::new(Templates::of_host(host)))),
        }
    }

    /// Runs with what sending needs from its surroundings.
    pub fn with_sender<T>(host: &Host, code: impl FnOnce(&Sender<'_>) -> T) -> T {
        code(&Sender {
            host,
            templates: &templates(host),
            clock: &SystemClock,
            tokens: &TOKENS,
        })
    }

    /// Sends a notification to the targets of all matchers that match, to all at once, and returns
    /// `{ targets, log }` when each has its outcome: after 60 seconds at the latest. A target that
    /// fails is an outcome, not an error.
    #[export]
    pub fn send(
        #[try_from_ref] this: &Object,
        severity: Severity,
        template: String,
        data: Option<Value>,
        fields: Option<BTreeMap<String, Option<String>>>,
    ) -> Delivery {
        let deadline = Deadline::after(BACKGROUND_BUDGET);
        let fields = fields.unwrap_or_default().into_iter();
        let notification = Notification::new(
            severity,
            template,
            data.unwrap_or_default(),
            fields
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            &SystemClock,
        );
        let config = this.config();
        with_sender(this.host(), |sender| {
            let mut delivery = sender.send(&config, &notification, deadline);
            let tried = delivery
                .targets
                .iter()
                .map(|outcome| outcome.target.clone());
            let tried: Vec<_> = tried.collect();
            let tried: Vec<_> = tried.iter().map(String::as_str).collect();
            let alerts = sender.alert(&config, Some(&tried), deadline);
            // the outcomes are those of this notification
            delivery.log.extend(alerts.log);
            delivery
        })
    }

    /// Sends the test notification to one target, also if it is switched off, and returns as `send`
    /// does, after 25 seconds at the latest. Dies with `{ code, message }` unless it arrived.
    #[export(serialize_error)]
    pub fn test_target(#[try_from_ref] this: &Object, name: &str) -> Result<Delivery, Fault> {
        let deadline = Deadline::after(CALL_BUDGET);
        let config = this.config();
        Ok(with_sender(this.host(), |sender| {
            sender.test_target(&config, name, deadline)
        })?)
    }
}
