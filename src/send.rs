//! Sending: to whom the matchers say, or to one target as a test.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use std::collections::BTreeMap;

    use notify::Severity;
    use notify::deliver::Delivery;
    use notify::doctor::Checkup;
    use notify::transcript::Transcript;
    use serde::Serialize;
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

    /// What the doctor has found, and what was said on the way.
    #[derive(Serialize)]
    pub struct Checked {
        #[serde(flatten)]
        checkup: Checkup,
        #[serde(skip_serializing_if = "Option::is_none")]
        transcript: Option<Vec<String>>,
    }

    /// Goes the way of a notification to one target step by step, without sending anything, and returns
    /// `{ target, type, result, steps, transcript? }`, after 25 seconds at the latest.
    #[export(serialize_error)]
    pub fn check_target(
        #[try_from_ref] this: &Object,
        name: &str,
        with_transcript: Option<bool>,
    ) -> Result<Checked, Exception> {
        let transcript = with_transcript.unwrap_or(false).then(Transcript::new);
        let checkup = this.check(name, &|_| {}, transcript.as_ref())?;
        Ok(Checked {
            checkup,
            transcript: transcript.map(|transcript| transcript.texts()),
        })
    }

    /// Sends the test notification to one target, also if it is switched off, and returns as `send`
    /// does, after 25 seconds at the latest. Dies with `{ code, message }` unless it arrived.
    #[export(serialize_error)]
    pub fn test_target(#[try_from_ref] this: &Object, name: &str) -> Result<Delivery, Exception> {
        Ok(this.test_target(name)?)
    }
}
