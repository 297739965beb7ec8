//! Objects: with magic, with a box, cloned by Storable.

#[perlmod::package(name = "PerlmodSurface::Object", lib = "perlmod_surface")]
mod object {
    use std::sync::{Arc, Mutex};

    use perlmod::storable::Snapshots;
    use perlmod::{Error, Value};

    perlmod::declare_magic!(Box<Object> : &Object as "PerlmodSurface::Object");

    pub struct Object(Mutex<Arc<String>>);

    #[export(raw_return)]
    pub fn new(#[raw] class: Value, text: String) -> Result<Value, Error> {
        let object = Box::new(Object(Mutex::new(Arc::new(text))));
        Ok(perlmod::instantiate_magic!(&class, MAGIC => object))
    }

    #[export(raw_return)]
    pub fn new_by_result(#[raw] class: Value, text: String) -> Result<Value, Error> {
        let object = Box::new(Object(Mutex::new(Arc::new(text))));
        perlmod::instantiate_magic_result!(&class, MAGIC => object)
    }

    #[export]
    pub fn text(#[try_from_ref] this: &Object) -> Result<String, Error> {
        Ok(snapshot(this)?.to_string())
    }

    #[export]
    pub fn set_text(#[try_from_ref] this: &Object, text: String) -> Result<(), Error> {
        *this.0.lock().map_err(|_| Error::new("poisoned"))? = Arc::new(text);
        Ok(())
    }

    #[export]
    pub fn class() -> &'static str {
        CLASSNAME
    }

    fn snapshot(this: &Object) -> Result<Arc<String>, Error> {
        Ok(this.0.lock().map_err(|_| Error::new("poisoned"))?.clone())
    }

    static CLONES: Snapshots<String> = Snapshots::new();

    #[export(name = "STORABLE_freeze")]
    pub fn storable_freeze(#[try_from_ref] this: &Object, cloning: bool) -> Result<String, Error> {
        let snapshot = snapshot(this)?;
        CLONES.freeze(cloning, || snapshot)
    }

    #[export(name = "STORABLE_attach", raw_return)]
    pub fn storable_attach(#[raw] class: Value, cloning: bool, name: &str) -> Result<Value, Error> {
        let snapshot = CLONES.attach(cloning, name)?;
        let object = Box::new(Object(Mutex::new(snapshot)));
        Ok(perlmod::instantiate_magic!(&class, MAGIC => object))
    }
}

#[perlmod::package(name = "PerlmodSurface::Boxed", lib = "perlmod_surface")]
mod boxed {
    use std::sync::atomic::{AtomicI64, Ordering};

    use perlmod::{Error, Value};

    const CLASS: &str = "PerlmodSurface::Boxed";
    static LIVE: AtomicI64 = AtomicI64::new(0);

    struct Thing(String);

    impl Drop for Thing {
        fn drop(&mut self) {
            LIVE.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[export]
    pub fn live() -> i64 {
        LIVE.load(Ordering::SeqCst)
    }

    #[export(raw_return)]
    pub fn new(#[raw] class: Value, text: String) -> Result<Value, Error> {
        LIVE.fetch_add(1, Ordering::SeqCst);
        Value::bless_box(class, Box::new(Thing(text)))
    }

    #[export]
    pub fn text(#[raw] this: Value) -> Result<String, Error> {
        // SAFETY: class and type are checked
        let thing = unsafe { this.from_blessed_box::<Thing>(CLASS) }?;
        Ok(thing.0.clone())
    }

    #[export]
    pub fn text_of_any(#[raw] this: Value) -> Result<String, Error> {
        // SAFETY: the type is checked
        let thing = unsafe { this.from_ref_box::<Thing>() }?;
        Ok(thing.0.clone())
    }

    #[export]
    pub fn as_another(#[raw] this: Value) -> Result<u8, Error> {
        // SAFETY: the type is checked
        unsafe { this.from_ref_box::<u8>() }.copied()
    }

    #[export]
    pub fn destroy(#[raw] this: Value) {
        perlmod::destructor!(this, Thing: CLASS);
    }

    #[export]
    pub fn destroy_or(#[raw] this: Value) -> String {
        let mut told = "destroyed".to_string();
        perlmod::destructor!(this, Thing : "PerlmodSurface::Boxed" => {
            Err(err) => told = err.to_string()
        });
        told
    }

    #[export]
    pub fn destroy_any(#[raw] this: Value) {
        perlmod::destructor!(this, Thing);
    }

    #[export]
    pub fn destroy_any_or(#[raw] this: Value) -> String {
        let mut told = "destroyed".to_string();
        perlmod::destructor!(this, Thing { Err(err) => told = err.to_string() });
        told
    }

    #[export(raw_return)]
    pub fn blessed(#[raw] value: Value, class: &str) -> Result<Value, Error> {
        value.bless(class)
    }

    #[export(raw_return)]
    pub fn blessed_by(#[raw] value: Value, #[raw] class: Value) -> Result<Value, Error> {
        value.bless_sv(&class)
    }
}
