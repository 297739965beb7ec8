//! `from_value`, `to_value`, `RawValue`, `Return`, errors.

#[perlmod::package(name = "PerlmodSurface::Conversions", lib = "perlmod_surface")]
mod export {
    use std::collections::BTreeMap;

    use perlmod::error::{self, CastError, MagicError};
    use perlmod::ser::{self, Return, ReturnValue};
    use perlmod::{Error, Gimme, RawValue, Value, from_ref_value, from_value, to_value};
    use serde::{Deserialize, Serialize, Serializer};

    #[export]
    pub fn owned(#[raw] value: Value) -> Result<BTreeMap<String, u32>, Error> {
        from_value(value)
    }

    #[export]
    pub fn lent(#[raw] value: Value) -> Result<usize, Error> {
        let text: &str = from_ref_value(&value)?;
        Ok(text.len())
    }

    #[export(raw_return)]
    pub fn made() -> Result<Value, Error> {
        to_value(&BTreeMap::from([("list", vec![1, 2]), ("none", vec![])]))
    }

    /// `Value` as serde's data, in both directions.
    #[export]
    pub fn copied(value: Value) -> Value {
        value
    }

    #[export]
    pub fn to_json(value: Value) -> Result<String, serde_json::Error> {
        serde_json::to_string(&value)
    }

    #[export]
    pub fn from_json(text: &str) -> Result<Value, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[derive(Serialize, Deserialize)]
    pub struct Mixed {
        number: i64,
        raw: RawValue,
        more: Vec<RawValue>,
    }

    /// The raw values stay the very same ones.
    #[export]
    pub fn raw_inside(mixed: Mixed) -> Mixed {
        mixed
    }

    #[export]
    pub fn raw_as_json(raw: RawValue) -> Result<String, serde_json::Error> {
        assert!(!raw.get_ref().is_undef() && !raw.is_undef());
        serde_json::to_string(&raw)
    }

    #[export]
    pub fn raw_from_json(text: &str) -> Result<RawValue, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[export(raw_return)]
    pub fn raw_parts(mut raw: RawValue) -> Value {
        *raw.get_mut() = Value::new_ref(raw.get_ref());
        let again = RawValue::from(raw.into_inner());
        Value::from(again)
    }

    /// Says whether it is converted for Perl.
    pub struct Watcher;

    impl Serialize for Watcher {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bool(ser::is_active())
        }
    }

    #[export]
    pub fn active() -> Result<(Vec<Watcher>, String, bool), serde_json::Error> {
        let json = serde_json::to_string(&Watcher)?;
        Ok((vec![Watcher], json, ser::is_active()))
    }

    #[export]
    pub fn by_context() -> Return<&'static str, (&'static str, u32)> {
        Gimme::get().map(|| "scalar", || ("list", 2))
    }

    #[export]
    pub fn by_context_too() -> Return<&'static str, Vec<&'static str>> {
        Gimme::map(|| "scalar", || vec!["a", "list"])
    }

    #[export]
    pub fn by_context_or_error(fails: bool) -> Result<Return<u32, [u32; 3]>, String> {
        let error = || Err("it failed".to_string());
        if Gimme::get() == Gimme::Void {
            return Err("void".to_string());
        }
        let result = Gimme::get().try_map(
            || if fails { error() } else { Ok(1) },
            || {
                if fails {
                    Err("it failed".to_string())
                } else {
                    Ok([1, 2, 3])
                }
            },
        )?;
        match result {
            Return::Void => Ok(Return::Void),
            Return::Single(one) => Ok(Return::Single(one)),
            Return::List(list) => Ok(Return::List(list)),
        }
    }

    #[export]
    pub fn by_context_or_error_too() -> Result<Return<u32, Vec<u32>>, Error> {
        Gimme::try_map(|| Ok(1), || Ok(vec![1, 2]))
    }

    #[export]
    pub fn void() -> Return<(), ()> {
        Return::Void
    }

    #[export]
    pub fn no_list() -> Return<(), u32> {
        Return::List(1)
    }

    #[export(raw_return)]
    pub fn return_value(kind: &str) -> Result<ReturnValue, Error> {
        match kind {
            "unit" => ser::to_return_value(&()),
            "tuple" => ser::to_return_value(&(1, "two")),
            "list" => ser::to_return_value(&Return::<(), _>::List(vec![1, 2, 3])),
            _ => ser::to_return_value(&vec![1]),
        }
    }

    #[export]
    pub fn fail(kind: &str) -> Result<(), Error> {
        match kind {
            "new" => Err(Error::new("text")),
            "owned" => Err(Error::new_owned("owned".to_string())),
            _ => Error::fail("failed"),
        }
    }

    #[export]
    pub fn errors() -> [String; 5] {
        [
            CastError.to_string(),
            MagicError::NotAReference("Some::Class").to_string(),
            MagicError::NotAReference("").to_string(),
            MagicError::NotFound("Some::Class").to_string(),
            MagicError::NotFound("").to_string(),
        ]
    }

    #[export(errno)]
    pub fn with_errno(number: Option<i32>) -> Result<bool, String> {
        match number {
            None => Ok(false),
            Some(number) if number < 0 => {
                error::set_errno(-number);
                Err("failed".to_string())
            }
            Some(number) => {
                error::set_errno(number);
                Ok(error::get_errno() == number)
            }
        }
    }

    #[export]
    pub fn copies_errno(number: i32) {
        error::set_errno(number);
        // SAFETY: nobody here relies on libc's number
        unsafe { error::copy_errno_to_libc() };
    }
}
