//! What a `PVE::RS::Notify` object holds: a service of the core, under a type of this crate.

use std::ops::Deref;

use notify::service::Service;

/// A `PVE::RS::Notify` object.
#[derive(Clone)]
pub struct Object(Service);

impl From<Service> for Object {
    fn from(service: Service) -> Self {
        Self(service)
    }
}

impl Deref for Object {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.0
    }
}
