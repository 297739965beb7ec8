//! The configuration object: read, written, cloned, listed as a whole.

#[perlmod::package(
    name = "PVE::RS::Notify",
    lib = "pve_rs_notify",
    panics = "location",
    parts(
        crate::authorize::export,
        crate::device::export,
        crate::matchers::export,
        crate::oauth2::export,
        crate::upkeep::export,
        crate::send::export,
        crate::endpoints::gotify::export,
        crate::endpoints::sendmail::export,
        crate::endpoints::smtp::export,
        crate::endpoints::webhook::export
    )
)]
pub mod export {
    use std::path::PathBuf;
    use std::sync::{Arc, LazyLock};

    use perlmod::Value;
    use perlmod::storable::Snapshots;
    use serde::Deserialize;

    use notify::Host;
    use notify::config::Raw;
    use notify::service::{Memory, Service};

    use crate::exception::Exception;
    use crate::object::Object;
    use crate::shown::{Faults, Targets};

    perlmod::declare_magic!(Box<Object> : &Object as "PVE::RS::Notify");

    static CLONES: Snapshots<Object> = Snapshots::new();

    /// What this process remembers.
    static MEMORY: LazyLock<Arc<Memory>> = LazyLock::new(Memory::new);

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
        /// Any other Debian machine, with the folder of its configuration and, unless that is where
        /// its package puts them, the folder of the vendor's templates.
        #[serde(rename_all = "kebab-case")]
        Standalone {
            config_dir: PathBuf,
            vendor_templates: Option<PathBuf>,
            sendmail: Option<PathBuf>,
            state_dir: Option<PathBuf>,
            run_dir: Option<PathBuf>,
        },
    }

    impl From<HostOption> for Host {
        fn from(option: HostOption) -> Self {
            match option {
                HostOption::Pve => Host::pve(),
                HostOption::Standalone {
                    config_dir,
                    vendor_templates,
                    sendmail,
                    state_dir,
                    run_dir,
                } => {
                    let mut host = Host::standalone(config_dir);
                    if let Some(dir) = vendor_templates {
                        host = host.with_vendor_templates(dir);
                    }
                    if let Some(command) = sendmail {
                        host = host.with_sendmail(command);
                    }
                    if let Some(dir) = state_dir {
                        host = host.with_state_dir(dir);
                    }
                    if let Some(dir) = run_dir {
                        host = host.with_run_dir(dir);
                    }
                    host
                }
            }
        }
    }

    /// Makes an object from the texts of `notifications.cfg`, `priv/notifications.cfg`,
    /// `notifications-ext.cfg` and `priv/notifications-ext.cfg`; a missing file is an empty text.
    ///
    /// Dies with `{ code, message }` where a line belongs to no section; entries that are faulty take
    /// no part and are listed by `get_faults`.
    #[export(raw_return, serialize_error)]
    pub fn parse_config(
        #[raw] class: Value,
        raw_config: &[u8],
        raw_private_config: &[u8],
        raw_ext: Option<&[u8]>,
        raw_private_ext: Option<&[u8]>,
        options: Option<Options>,
    ) -> Result<Value, Exception> {
        let raw = Raw {
            public: text("notifications.cfg", raw_config)?,
            private: text("priv/notifications.cfg", raw_private_config)?,
            ext: text("notifications-ext.cfg", raw_ext.unwrap_or_default())?,
            private_ext: text(
                "priv/notifications-ext.cfg",
                raw_private_ext.unwrap_or_default(),
            )?,
        };
        let host = options.unwrap_or_default().host.into();
        let service = Service::read(raw, host, Arc::clone(&MEMORY))?;
        make(&class, service.into())
    }

    fn text<'a>(name: &str, raw: &'a [u8]) -> Result<&'a str, Exception> {
        std::str::from_utf8(raw).map_err(|error| {
            let place = error.valid_up_to();
            Exception::internal(format!(
                "could not deserialize configuration: {name} is not valid UTF-8 at byte {place}; \
                 fix the file"
            ))
        })
    }

    fn make(class: &Value, object: Object) -> Result<Value, Exception> {
        perlmod::instantiate_magic_result!(class, MAGIC => Box::new(object))
            .map_err(|error| Exception::unusable(&error))
    }

    /// The texts of `notifications.cfg` and `priv/notifications.cfg` as character strings.
    #[export(serialize_error)]
    pub fn write_config(#[try_from_ref] this: &Object) -> Result<(String, String), Exception> {
        let written = this.write()?;
        Ok((written.public, written.private))
    }

    /// The texts of `notifications-ext.cfg` and `priv/notifications-ext.cfg` as character strings; an
    /// empty one means no file.
    ///
    /// These two are written first, the private one before the other, then the two of
    /// `write_config`: only then is a write that was cut short noticed. See `needs_ext_config` for
    /// the last step.
    #[export(serialize_error)]
    pub fn write_ext_config(#[try_from_ref] this: &Object) -> Result<(String, String), Exception> {
        let written = this.write()?;
        Ok((written.ext, written.private_ext))
    }

    /// Whether `priv/notifications-ext.cfg` stays once all four files are written. If not, it held no
    /// more than the record of this write and is to be removed.
    #[export(serialize_error)]
    pub fn needs_ext_config(#[try_from_ref] this: &Object) -> Result<bool, Exception> {
        Ok(this.write()?.needs_ext)
    }

    /// SHA-256 of the files as they were read, in hexadecimal digits.
    #[export]
    pub fn digest(#[try_from_ref] this: &Object) -> String {
        this.config().digest().to_owned()
    }

    /// All endpoints: name, type, origin, comment and disable of each, and a warning where its settings
    /// work but are no good.
    #[export]
    pub fn get_targets(#[try_from_ref] this: &Object) -> Targets {
        Targets(this.config())
    }

    /// The entries that cannot be used: file, line, type, name and reason of each.
    #[export]
    pub fn get_faults(#[try_from_ref] this: &Object) -> Faults {
        Faults(this.config())
    }

    /// Whether a write of the files was cut short, or is going on: some entry is as nobody wrote it.
    #[export]
    pub fn is_torn(#[try_from_ref] this: &Object) -> bool {
        this.config().is_torn()
    }

    /// The name, then the targets if it is a matcher's: what its user needs rights for.
    #[export]
    pub fn get_referenced_entities(#[try_from_ref] this: &Object, name: &str) -> Vec<String> {
        let config = this.config();
        let names = config.referenced(name);
        names.into_iter().map(str::to_owned).collect()
    }

    /// This machine's name with its domain, where its files tell one; asks no name server.
    #[export]
    pub fn fqdn() -> Option<String> {
        Host::pve().fqdn()
    }

    /// `Storable::dclone` asks for something to copy: see `perlmod::storable`.
    #[export(name = "STORABLE_freeze", serialize_error)]
    pub fn storable_freeze(
        #[try_from_ref] this: &Object,
        cloning: bool,
    ) -> Result<String, Exception> {
        CLONES
            .freeze(cloning, || Arc::new(this.clone()))
            .map_err(|error| Exception::of_perl(&error))
    }

    /// `Storable::dclone` makes an object of the same class.
    #[export(name = "STORABLE_attach", raw_return, serialize_error)]
    pub fn storable_attach(
        #[raw] class: Value,
        cloning: bool,
        name: &str,
    ) -> Result<Value, Exception> {
        let snapshot = CLONES
            .attach(cloning, name)
            .map_err(|error| Exception::of_perl(&error))?;
        make(&class, Object::clone(&snapshot))
    }
}
