//! Every option of the attributes.

#[perlmod::package(
    name = "PerlmodSurface::${PERLMOD_SURFACE_NAME}",
    lib = "perlmod_surface",
    file = "${PERLMOD_SURFACE_OUT}/lib/PerlmodSurface/Attributes.pm",
    boot = crate::attributes::started,
    parts(crate::attributes::part),
    panics = "text"
)]
pub mod export {
    use perlmod::Value;
    use perlmod::ffi::CV;

    #[export(name = "in_perl", xs_name = "surface_symbol")]
    pub fn in_rust() -> &'static str {
        "named"
    }

    #[export(prototype = "&@")]
    pub fn with_prototype(#[raw] code: Value, first: Option<i64>) -> bool {
        code.dereference().is_some() && first.is_some()
    }

    #[export]
    pub fn optional(a: i64, b: Option<i64>, c: std::option::Option<i64>) -> i64 {
        a + b.unwrap_or(0) + c.unwrap_or(0)
    }

    #[export(raw_return)]
    pub fn running(#[cv] sub: Value, argument: i64, more: Option<i64>) -> (Value, Value) {
        let sum = argument + more.unwrap_or(0);
        (Value::new_ref(&sub), Value::new_int(sum as isize))
    }

    #[export]
    pub fn is_running(#[raw] code: Value, #[cv] sub: &CV) -> bool {
        code.dereference()
            .is_some_and(|code| std::ptr::eq(code.as_raw().cast::<CV>(), sub))
    }

    #[export]
    pub fn started() -> u32 {
        super::STARTED.load(std::sync::atomic::Ordering::SeqCst)
    }

    #[perlmod::export(serialize_error)]
    pub fn serialized() -> Result<(), (u8, u8)> {
        Err((1, 2))
    }
}

#[perlmod::package(name = "PerlmodSurface::Attributes", part)]
pub mod part {
    #[export]
    pub fn in_part() -> &'static str {
        "part"
    }
}

static STARTED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

pub fn started() {
    STARTED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
}

#[perlmod::package(name = "PerlmodSurface::Written", lib = "perlmod_surface")]
mod written {
    #[export]
    pub fn greet() -> &'static str {
        "hello"
    }
}
