//! `Scalar`, `ScalarRef`, `Mortal`, `Type`, `Flags`, and the scalar side of `Value`.

#[perlmod::package(name = "PerlmodSurface::Scalars", lib = "perlmod_surface")]
mod export {
    use perlmod::scalar::{Flags, Type};
    use perlmod::{Error, Mortal, Scalar, ScalarRef, Value};

    #[export(raw_return)]
    pub fn made(kind: &str) -> Result<Value, Error> {
        Ok(Value::from(match kind {
            "undef" => Scalar::new_undef(),
            "yes" => Scalar::new_yes(),
            "no" => Scalar::new_no(),
            "int" => Scalar::new_int(isize::MIN),
            "uint" => Scalar::new_uint(usize::MAX),
            "float" => Scalar::new_float(-0.5),
            "string" => Scalar::new_string("\u{fc}\u{20ac}"),
            "bytes" => Scalar::new_bytes(b"\xfc\0"),
            "pointer" => Scalar::new_pointer(std::ptr::without_provenance_mut::<u8>(4096)),
            _ => return Error::fail("no such kind"),
        }))
    }

    #[export(raw_return)]
    pub fn made_value(kind: &str) -> Result<Value, Error> {
        Ok(match kind {
            "undef" => Value::new_undef(),
            "int" => Value::new_int(isize::MIN),
            "uint" => Value::new_uint(usize::MAX),
            "float" => Value::new_float(-0.5),
            "string" => Value::new_string("\u{fc}\u{20ac}"),
            "bytes" => Value::new_bytes(b"\xfc\0"),
            "pointer" => Value::new_pointer(std::ptr::without_provenance_mut::<u8>(4096)),
            "hash" => Value::new_ref(&Value::new_hash()),
            "array" => Value::new_ref(&perlmod::Array::new()),
            "ref" => Value::new_ref(&Scalar::new_int(7)),
            _ => return Error::fail("no such kind"),
        })
    }

    /// Through every form of ownership and back.
    #[export(raw_return)]
    pub fn round(#[raw] value: Value) -> Value {
        let scalar: Scalar = value.clone_ref().into_scalar();
        let copy = scalar.clone();
        let by_ref: &ScalarRef = scalar.as_ref();
        // SAFETY: live, as `scalar` is
        let counted = unsafe { Scalar::from_raw_ref(by_ref.as_raw()) };
        let raw = counted.into_raw();
        // SAFETY: the count of `into_raw`
        let owned = unsafe { Scalar::from_raw_move(raw) };
        let mortal: Mortal = owned.into_mortal();
        let raw = mortal.into_raw();
        // SAFETY: perl frees it later
        let value = unsafe { Value::from_raw_ref(raw) };
        let raw = value.clone_ref().into_raw();
        // SAFETY: the count of `into_raw`
        let value = unsafe { Value::from_raw_move(raw) };
        let raw = value.into_mortal().into_raw();
        assert_eq!(raw, copy.as_raw());
        drop(format!("{copy:?}"));
        copy.clone_ref().into_value()
    }

    #[export]
    pub fn ty(#[raw] value: Value) -> String {
        match value.ty() {
            Type::Scalar(flags) if flags.is_empty() => "undef".to_string(),
            Type::Scalar(flags) => {
                let names = [
                    (Flags::INTEGER, "integer"),
                    (Flags::DOUBLE, "double"),
                    (Flags::STRING, "string"),
                ];
                let set = names.iter().filter(|(flag, _)| flags.contains(*flag));
                set.map(|(_, name)| *name).collect::<Vec<_>>().join("+")
            }
            Type::Reference => match value.dereference().map(|inner| inner.ty()) {
                Some(Type::Array) => "reference to array".to_string(),
                Some(Type::Hash) => "reference to hash".to_string(),
                Some(Type::Other(_)) => "reference to other".to_string(),
                _ => "reference".to_string(),
            },
            Type::Array => "array".to_string(),
            Type::Hash => "hash".to_string(),
            Type::Other(number) => format!("other {number}"),
        }
    }

    #[export]
    pub fn numbers(#[raw] value: Value) -> (f64, isize) {
        (value.nv(), value.iv())
    }

    #[export]
    pub fn uv(#[raw] value: Value) -> usize {
        value.uv()
    }

    #[export]
    pub fn text(#[raw] value: Value) -> String {
        value.pv_string_utf8().to_string()
    }

    #[export]
    pub fn bytes(#[raw] value: Value) -> Vec<u8> {
        value.pv_bytes().to_vec()
    }

    #[export]
    pub fn maybe_bytes(#[raw] value: Value) -> Option<Vec<u8>> {
        value.pv_utf8_to_bytes().map(<[u8]>::to_vec)
    }

    #[export]
    pub fn is_undef(#[raw] value: Value) -> bool {
        value.is_undef()
    }

    #[export]
    pub fn reftype(#[raw] value: Value, blessed: bool) -> Option<&'static str> {
        Some(value.dereference()?.reftype(blessed))
    }

    #[export]
    pub fn is_a(#[raw] value: Value, class: &str) -> Result<bool, Error> {
        value.is_a(class)
    }

    /// A pointer goes to Perl as a number and comes back.
    #[export]
    pub fn pointers() -> Result<(u64, u64, u64), Error> {
        let mut number = 41_u64;
        let scalar = Scalar::new_pointer(&raw mut number);
        let raw = scalar.pv_raw::<u64>()?;
        assert_eq!(raw, &raw mut number);
        // SAFETY: `number` lives, and nobody else looks at it
        *unsafe { scalar.pv_mut_ref::<u64>() }? += 1;
        // SAFETY: `number` lives
        let seen = *unsafe { scalar.pv_ref::<u64>() }?;
        let reference = Value::new_ref(&scalar);
        // SAFETY: `number` lives
        let boxed = *unsafe { reference.from_ref_box::<u64>() }?;
        Ok((number, seen, boxed))
    }

    #[export]
    pub fn no_pointer(#[raw] value: Value) -> Result<u64, Error> {
        // SAFETY: what is no pointer is refused
        unsafe { value.from_ref_box::<u64>() }.copied()
    }

    #[export(raw_return)]
    pub fn substr(#[raw] value: Value, start: usize, end: usize) -> Result<Value, Error> {
        let part = value.substr(start..end)?;
        assert!(part.is_substr() && !value.is_substr());
        Ok(part)
    }

    /// A part, whether it is one, and what is no part.
    #[export(raw_return)]
    pub fn parts(#[raw] value: Value) -> Result<(Value, Value, Value), Error> {
        let text: &str = perlmod::from_ref_value(&value)?;
        let part = text.get(1..3).unwrap_or_default();
        let merged = value.merge_str_slice(part);
        let foreign = value.merge_str_slice("foreign");
        assert!(Scalar::substr_from_str_slice(&value, "foreign").is_none());
        let inner = Scalar::substr_from_str_slice(&value, part);
        let told = format!("{} {}", merged.is_substr(), foreign.is_substr());
        assert!(inner.is_some_and(|inner| inner.is_substr()));
        Ok((merged.into(), foreign.into(), Value::new_string(&told)))
    }
}
