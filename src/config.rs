//! The configuration object: `parse_config`, `write_config` and `write_ext_config`.
//!
//! The object keeps the files' texts byte for byte, and the host that it was made for. The two
//! `-ext` files hold what Proxmox VE 9.2 does not know, so that its own files stay readable for it.

#[perlmod::package(
    name = "PVE::RS::Notify",
    lib = "pve_rs_notify",
    panics = "location",
    parts(crate::oauth2::export)
)]
pub mod export {
    use std::path::PathBuf;

    use perlmod::Value;
    use serde::Deserialize;

    use notify::Host;

    use crate::fault::Fault;

    perlmod::declare_magic!(Box<Config> : &Config as "PVE::RS::Notify");

    /// What a `PVE::RS::Notify` object holds.
    pub struct Config {
        public: String,
        private: String,
        ext: String,
        private_ext: String,
        host: Host,
    }

    impl Config {
        /// The machine this object works for.
        pub fn host(&self) -> &Host {
            &self.host
        }
    }

    /// The trailing hash of `parse_config`.
    #[derive(Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Options {
        #[serde(default)]
        host: HostOption,
    }

    /// Which machine this is: said by the entry point, never guessed.
    #[derive(Default, Deserialize)]
    #[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
    enum HostOption {
        /// A Proxmox VE node.
        #[default]
        Pve,
        /// Any other Debian machine, with the folder of its configuration.
        #[serde(rename_all = "kebab-case")]
        Standalone {
            config_dir: PathBuf,
            /// The mail templates, where they are not at their packaged place.
            vendor_templates: Option<PathBuf>,
        },
    }

    impl From<HostOption> for Host {
        fn from(option: HostOption) -> Self {
            match option {
                HostOption::Pve => Host::pve(),
                HostOption::Standalone {
                    config_dir,
                    vendor_templates,
                } => {
                    let host = Host::standalone(config_dir);
                    match vendor_templates {
                        Some(dir) => host.with_vendor_templates(dir),
                        None => host,
                    }
                }
            }
        }
    }

    /// Makes an object from the texts of `notifications.cfg`, `priv/notifications.cfg`,
    /// `notifications-ext.cfg` and `priv/notifications-ext.cfg`; a missing file is an empty text.
    #[export(raw_return, serialize_error)]
    pub fn parse_config(
        #[raw] class: Value,
        raw_config: &[u8],
        raw_private_config: &[u8],
        raw_ext: Option<&[u8]>,
        raw_private_ext: Option<&[u8]>,
        options: Option<Options>,
    ) -> Result<Value, Fault> {
        let config = Config {
            public: text("notifications.cfg", raw_config)?,
            private: text("priv/notifications.cfg", raw_private_config)?,
            ext: text("notifications-ext.cfg", raw_ext.unwrap_or_default())?,
            private_ext: text(
                "priv/notifications-ext.cfg",
                raw_private_ext.unwrap_or_default(),
            )?,
            host: options.unwrap_or_default().host.into(),
        };
        perlmod::instantiate_magic_result!(&class, MAGIC => Box::new(config))
            .map_err(|error| Fault::bad_request(error.to_string()))
    }

    fn text(name: &str, raw: &[u8]) -> Result<String, Fault> {
        String::from_utf8(raw.to_vec()).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            Fault::bad_request(format!(
                "could not deserialize configuration: {name} is not valid UTF-8 at byte {place}"
            ))
        })
    }

    /// The texts of `notifications.cfg` and `priv/notifications.cfg` as character strings.
    #[export]
    pub fn write_config(#[try_from_ref] this: &Config) -> (String, String) {
        (this.public.clone(), this.private.clone())
    }

    /// The texts of both `-ext` files as character strings.
    #[export]
    pub fn write_ext_config(#[try_from_ref] this: &Config) -> (String, String) {
        (this.ext.clone(), this.private_ext.clone())
    }
}
