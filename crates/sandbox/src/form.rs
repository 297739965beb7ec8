//! Parameters of a query or of a form body (RFC 6749, section 3.1 and 3.2: none may come twice).

use std::collections::BTreeMap;

/// Decoded parameters by name; those with an empty value count as absent.
#[derive(Default)]
pub struct Form {
    values: BTreeMap<String, Vec<String>>,
}

impl Form {
    pub fn parse(encoded: &[u8]) -> Self {
        let mut values = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            if !value.is_empty() {
                values
                    .entry(name.into_owned())
                    .or_default()
                    .push(value.into_owned());
            }
        }
        Self { values }
    }

    /// The first value, or the empty text.
    pub fn get(&self, name: &str) -> &str {
        self.all(name).first().map_or("", String::as_str)
    }

    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// A parameter that came more than once.
    pub fn repeated(&self) -> Option<&str> {
        self.values
            .iter()
            .find(|(_, values)| values.len() > 1)
            .map(|(name, _)| name.as_str())
    }
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

/// `base` with the parameters as its fragment.
pub fn with_fragment(base: &str, parameters: &[(&str, &str)]) -> String {
    format!("{base}#{}", encoded(parameters))
}

/// `base` with the parameters appended to its query.
pub fn with_query(base: &str, parameters: &[(&str, &str)]) -> String {
    let query = encoded(parameters);
    format!(
        "{base}{}{query}",
        if base.contains('?') { '&' } else { '?' }
    )
}
