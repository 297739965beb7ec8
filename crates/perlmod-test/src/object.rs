//! An object with a counted value.

#[perlmod::package(name = "PerlmodTest::Object", lib = "perlmod_test")]
mod export {
    use std::sync::Mutex;

    use perlmod::{Error, Value};

    use crate::counted::Counted;

    perlmod::declare_magic!(Box<Object> : &Object as "PerlmodTest::Object");

    pub struct Object(Mutex<Counted>);

    #[export(raw_return)]
    fn new(#[raw] class: Value, text: &str) -> Result<Value, Error> {
        let object = Object(Mutex::new(Counted::new(text)));
        Ok(perlmod::instantiate_magic!(&class, MAGIC => Box::new(object)))
    }

    #[export]
    fn text(#[try_from_ref] this: &Object) -> Result<String, Error> {
        let text = this
            .0
            .lock()
            .map_err(|_| Error::new("object is poisoned"))?;
        Ok(text.0.clone())
    }

    /// Reads the object after `text` has been fetched.
    #[export]
    fn append(#[try_from_ref] this: &Object, text: &str) -> Result<(), Error> {
        let mut own = this
            .0
            .lock()
            .map_err(|_| Error::new("object is poisoned"))?;
        own.0.push_str(text);
        Ok(())
    }

    #[export]
    fn same(#[try_from_ref] this: &Object, #[try_from_ref] other: &Object) -> bool {
        std::ptr::eq(this, other)
    }
}
