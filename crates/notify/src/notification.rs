//! What is sent: a severity, the name of a template with its data, and fields for matchers.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Clock;
use crate::Severity;

/// A notification on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// How grave it is.
    pub severity: Severity,
    /// The name of its template, for instance `package-updates`.
    pub template: String,
    /// What the template is filled with.
    pub data: Value,
    /// What matchers can look at, by name.
    pub fields: BTreeMap<String, String>,
    /// When it was made: seconds since the epoch.
    pub timestamp: i64,
}

impl Notification {
    /// A notification made now.
    #[must_use]
    pub fn new(
        severity: Severity,
        template: impl Into<String>,
        data: Value,
        fields: BTreeMap<String, String>,
        clock: &dyn Clock,
    ) -> Self {
        Self {
            severity,
            template: template.into(),
            data,
            fields,
            timestamp: clock.now(),
        }
    }
}
