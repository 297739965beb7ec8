//! `Array` and `Hash`, plain and tied, and their iterators.

#[perlmod::package(name = "PerlmodSurface::Containers", lib = "perlmod_surface")]
mod export {
    use perlmod::error::CastError;
    use perlmod::{Array, Error, Hash, Scalar, Value};

    fn array(value: &Value) -> Result<Array, Error> {
        match value.dereference() {
            Some(Value::Array(array)) => Ok(array),
            _ => Error::fail("not an array"),
        }
    }

    fn hash(value: &Value) -> Result<Hash, Error> {
        match value.dereference() {
            Some(Value::Hash(hash)) => Ok(hash),
            _ => Error::fail("not a hash"),
        }
    }

    #[export(raw_return)]
    pub fn new_array() -> Result<Value, CastError> {
        let array = Array::new();
        array.reserve(3);
        assert!(array.is_empty());
        array.push(Value::new_int(1));
        array.push(Value::new_string("two"));
        array.push(Value::new_undef());
        assert_eq!(array.len(), 3);
        let scalar: Scalar = array.clone_ref().into_scalar();
        let again = Array::try_from(scalar)?;
        // SAFETY: an array; each count is given back
        let again = unsafe { Array::from_raw_ref(again.av()) };
        let raw = again.into_scalar().into_raw();
        // SAFETY: the count of `into_raw`
        let again = unsafe { Array::from_raw_move(raw.cast()) };
        // SAFETY: an array
        let again = unsafe { Array::from_scalar(again.into_scalar()) };
        Ok(Value::new_ref(&again))
    }

    #[export]
    pub fn cast(#[raw] value: Value) -> Result<usize, CastError> {
        Array::try_from(value.into_scalar()).map(|array| array.len())
    }

    #[export]
    pub fn cast_hash(#[raw] value: Value) -> Result<usize, CastError> {
        Hash::try_from(value.into_scalar()).map(|hash| hash.len())
    }

    #[export]
    pub fn array_length(#[raw] value: Value) -> Result<(usize, bool), Error> {
        let array = array(&value)?;
        Ok((array.len(), array.is_empty()))
    }

    #[export]
    pub fn array_reserve(#[raw] value: Value, more: usize) -> Result<(), Error> {
        array(&value)?.reserve(more);
        Ok(())
    }

    #[export(raw_return)]
    pub fn array_get(#[raw] value: Value, index: usize) -> Value {
        value
            .get(index)
            .unwrap_or_else(|| Value::new_string("none"))
    }

    #[export]
    pub fn array_set(#[raw] value: Value, index: usize, #[raw] item: Value) -> Result<(), Error> {
        array(&value)?.set(index, &item)
    }

    #[export(raw_return)]
    pub fn array_delete(#[raw] value: Value, index: usize) -> Result<Value, Error> {
        let gone = array(&value)?.delete(index)?;
        Ok(gone.unwrap_or_else(|| Value::new_string("none")))
    }

    #[export]
    pub fn array_push(#[raw] value: Value, #[raw] item: Value) -> Result<(), Error> {
        array(&value)?.push(item);
        Ok(())
    }

    #[export(raw_return)]
    pub fn array_pop(#[raw] value: Value) -> Result<Value, Error> {
        let last = array(&value)?.pop();
        Ok(last.unwrap_or_else(|| Value::new_string("none")))
    }

    /// By reference and owned.
    #[export]
    #[allow(clippy::type_complexity)]
    pub fn array_items(#[raw] value: Value) -> Result<(Vec<Value>, Vec<Value>, Vec<Value>), Error> {
        let array = array(&value)?;
        let mut by_for = Vec::new();
        for item in &array {
            by_for.push(item);
        }
        Ok((array.iter().collect(), by_for, array.into_iter().collect()))
    }

    #[export(raw_return)]
    pub fn new_hash() -> Result<Value, CastError> {
        let hash = Hash::new();
        assert!(hash.is_empty());
        hash.insert("one", Value::new_int(1));
        hash.insert("\u{20ac}", Value::new_string("euro"));
        hash.insert_by_bytes(b"\xfc", Value::new_string("bytes"));
        hash.insert_by_value(&Value::new_string("two"), Value::new_int(2));
        assert_eq!(hash.len(), 4);
        let again = Hash::try_from(hash.clone_ref().into_scalar())?;
        // SAFETY: a hash; each count is given back
        let again = unsafe { Hash::from_raw_ref(again.hv()) };
        let raw = again.into_scalar().into_raw();
        // SAFETY: the count of `into_raw`
        let again = unsafe { Hash::from_raw_move(raw.cast()) };
        // SAFETY: a hash
        let again = unsafe { Hash::from_scalar(again.into_scalar()) };
        Ok(Value::new_ref(&again))
    }

    #[export]
    pub fn hash_length(#[raw] value: Value) -> Result<(usize, bool), Error> {
        let hash = hash(&value)?;
        Ok((hash.len(), hash.is_empty()))
    }

    #[export(raw_return)]
    pub fn hash_get(#[raw] value: Value, key: &str) -> Result<(Value, Value), Error> {
        let hash = hash(&value)?;
        let none = || Value::new_string("none");
        Ok((
            hash.get(key).unwrap_or_else(none),
            hash.get_by_bytes(key.as_bytes()).unwrap_or_else(none),
        ))
    }

    #[export]
    pub fn hash_insert(#[raw] value: Value, key: &str, #[raw] item: Value) -> Result<(), Error> {
        hash(&value)?.insert(key, item);
        Ok(())
    }

    #[export]
    pub fn hash_insert_by_value(
        #[raw] value: Value,
        #[raw] key: Value,
        #[raw] item: Value,
    ) -> Result<(), Error> {
        hash(&value)?.insert_by_value(&key, item);
        Ok(())
    }

    #[export]
    pub fn hash_exists(#[raw] value: Value, key: &str) -> Result<bool, Error> {
        hash(&value)?.exists(key)
    }

    #[export(raw_return)]
    pub fn hash_delete(#[raw] value: Value, key: &str) -> Result<Value, Error> {
        let gone = hash(&value)?.delete(key)?;
        Ok(gone.unwrap_or_else(|| Value::new_string("none")))
    }

    #[export]
    pub fn hash_pairs(#[raw] value: Value) -> Result<Vec<(Vec<u8>, Value)>, Error> {
        let hash = hash(&value)?;
        Ok(hash
            .shared_iter()
            .map(|(key, value)| (key.to_vec(), value))
            .collect())
    }

    #[export]
    pub fn has_main_stash() -> Result<bool, Error> {
        // SAFETY: only looked at
        unsafe { Hash::defstash() }.exists("PerlmodSurface::")
    }

    /// Through the mutable forms.
    #[export]
    pub fn mutable() -> (usize, usize) {
        let mut array = Value::from(Array::new());
        let mut hash = Value::from(Hash::new());
        if let Some(array) = array.as_array_mut() {
            array.push(Value::new_int(1));
        }
        if let Some(hash) = hash.as_hash_mut() {
            hash.insert("key", Value::new_int(1));
        }
        let _: &mut perlmod::ScalarRef = array.as_mut();
        (
            array.as_array().map_or(0, Array::len),
            hash.as_hash().map_or(0, Hash::len),
        )
    }
}
