//! Webhook targets: their settings come in one hash with the API's parameter names.

#[perlmod::package(name = "PVE::RS::Notify", part)]
pub mod export {
    use notify::Parameter;
    use notify::config::{HttpMethod, Kind, Pair, WebhookSettings};
    use perlmod::Value;
    use serde::Deserialize;

    use crate::exception::Exception;
    use crate::object::Object;
    use crate::shown::{All, One};

    /// The parameters of the API.
    #[derive(Deserialize)]
    #[serde(
        rename_all = "kebab-case",
        deny_unknown_fields,
        expecting = "a hash of settings"
    )]
    struct Parameters {
        name: Option<String>,
        method: Option<HttpMethod>,
        url: Option<String>,
        header: Option<Vec<Pair>>,
        body: Option<String>,
        secret: Option<Vec<Pair>>,
        comment: Option<String>,
        disable: Option<bool>,
    }

    impl Parameters {
        /// The target's name, if it is among them, and its settings.
        fn read(parameters: &Value) -> Result<(Option<String>, WebhookSettings), Exception> {
            let this: Self =
                perlmod::from_ref_value(parameters).map_err(|error| Exception::unusable(&error))?;
            let settings = WebhookSettings {
                method: this.method,
                url: this.url,
                header: this.header,
                body: this.body,
                secret: this.secret,
                comment: this.comment,
                disable: this.disable,
            };
            Ok((this.name, settings))
        }
    }

    /// A key of the hash that every target needs.
    fn missing(name: &'static str) -> Parameter {
        let reason = "missing".to_owned();
        Parameter {
            name,
            reason,
            fix: None,
        }
    }

    /// All targets of this kind; of secrets only the names.
    #[export]
    pub fn get_webhook_endpoints(#[try_from_ref] this: &Object) -> All {
        All::of(this, Kind::Webhook)
    }

    /// One target; 404 if there is none of this name.
    #[export(serialize_error)]
    pub fn get_webhook_endpoint(
        #[try_from_ref] this: &Object,
        name: String,
    ) -> Result<One, Exception> {
        One::of(this, Kind::Webhook, name)
    }

    /// Adds a target; the hash has its `name` too.
    #[export(alias = "add_webhook", serialize_error)]
    pub fn add_webhook_endpoint(
        #[try_from_ref] this: &Object,
        #[raw] parameters: Value,
    ) -> Result<(), Exception> {
        let (name, settings) = Parameters::read(&parameters)?;
        let name = name.ok_or_else(|| missing("name"))?;
        settings.method.ok_or_else(|| missing("method"))?;
        Ok(this.add(&name, settings)?)
    }

    /// Changes a target: removes the settings named in `delete`, then takes over those given. Secrets
    /// are given all together, one without value keeps its old one.
    #[export(alias = "update_webhook", serialize_error)]
    pub fn update_webhook_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
        #[raw] parameters: Value,
        delete: Option<Vec<String>>,
        digest: Option<&str>,
    ) -> Result<(), Exception> {
        let (_, settings) = Parameters::read(&parameters)?;
        Ok(this.update(name, settings, &delete.unwrap_or_default(), digest)?)
    }

    /// Deletes a target that no matcher uses.
    #[export(serialize_error)]
    pub fn delete_webhook_endpoint(
        #[try_from_ref] this: &Object,
        name: &str,
    ) -> Result<(), Exception> {
        Ok(this.delete(Kind::Webhook, name)?)
    }
}
