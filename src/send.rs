//! Sending: to whom the matchers say, or to one target as a test.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use std::collections::BTreeMap;

    use notify::Severity;
    use notify::deliver::Delivery;
    use serde_json::Value;

    use crate::exception::Exception;
    use crate::object::Object;

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
        let fields = fields.unwrap_or_default().into_iter();
        let fields = fields.filter_map(|(name, value)| Some((name, value?)));
        this.send(
            severity,
            template,
            data.unwrap_or_default(),
            fields.collect(),
        )
    }

    /// Sends the test notification to one target, also if it is switched off, and returns as `send`
    /// does, after 25 seconds at the latest. Dies with `{ code, message }` unless it arrived.
    #[export(serialize_error)]
    pub fn test_target(#[try_from_ref] this: &Object, name: &str) -> Result<Delivery, Exception> {
        Ok(this.test_target(name)?)
    }
}
