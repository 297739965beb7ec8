//! The macros for objects.

/// Declares how a Rust value is attached to the objects of a class.
///
/// `declare_magic!(Box<T> : &T as "Class")` defines `CLASSNAME`, `MAGIC` and
/// `TryFrom<&Value> for &T`, which `#[try_from_ref]` uses. The value is dropped
/// when perl frees the object.
#[macro_export]
macro_rules! declare_magic {
    ($leak:ty : &$inner:ty as $class:expr) => {
        /// The objects' class.
        const CLASSNAME: &str = $class;

        /// How their values are attached.
        const MAGIC: $crate::MagicSpec<'static, 'static, $leak> = {
            static TAG: $crate::MagicTag<$leak> = $crate::MagicTag::<$leak>::DEFAULT;
            $crate::MagicSpec::of(&TAG)
        };

        impl<'a> ::core::convert::TryFrom<&'a $crate::Value> for &'a $inner {
            type Error = $crate::error::MagicError;

            fn try_from(value: &'a $crate::Value) -> ::core::result::Result<Self, Self::Error> {
                $crate::magic::object(value, &MAGIC, CLASSNAME)
            }
        }
    };
}

/// Makes an object of the class with a value attached; evaluates to a `Result`.
///
/// `instantiate_magic_result!(&class, MAGIC => value)`: the class is a scalar.
#[macro_export]
macro_rules! instantiate_magic_result {
    ($class:expr, $magic:expr => $value:expr) => {{
        let hash = $crate::Value::new_hash();
        let object = $crate::Value::new_ref(&hash).bless_sv($class);
        if object.is_ok() {
            hash.add_magic($magic.with_value($value));
        }
        object
    }};
}

/// Makes an object of the class with a value attached; uses `?`.
///
/// `instantiate_magic!(&class, MAGIC => value)`: the class is a scalar.
#[macro_export]
macro_rules! instantiate_magic {
    ($class:expr, $magic:expr => $value:expr) => {
        $crate::instantiate_magic_result!($class, $magic => $value)?
    };
}

/// Takes an object's value out of it and drops it: a `DESTROY` for magic that perl
/// does not free by itself.
///
/// `magic_destructor!(this: &SPEC)`, where `this` is a `Value`; with `=> { ref => a,
/// type => b }`, `a` runs when it is no reference and `b` when nothing of the kind is
/// attached. Without, both are exceptions.
#[macro_export]
macro_rules! magic_destructor {
    ($this:ident : $spec:expr) => {
        $crate::magic_destructor!($this: $spec => {
            ref => $crate::__private__::no_object($crate::error::MagicError::NotAReference("")),
            type => $crate::__private__::no_object($crate::error::MagicError::NotFound("")),
        })
    };
    ($this:ident : $spec:expr => { ref => $no_ref:expr, type => $no_magic:expr $(,)? }) => {
        match $this.dereference() {
            ::core::option::Option::None => { $no_ref; }
            ::core::option::Option::Some(object) => match object.remove_magic($spec) {
                ::core::result::Result::Ok(value) => ::core::mem::drop(value),
                ::core::result::Result::Err(_) => { $no_magic; }
            },
        }
    };
}

/// Takes an object's box out of it and drops it: a `DESTROY` for what
/// [`Value::bless_box`](crate::Value::bless_box) made.
///
/// `destructor!(this, T : "Class")` checks the class, `destructor!(this, T)` does not;
/// with `=> { Err(name) => expr }`, or `{ Err(name) => expr }`, the expression runs when
/// it is no such object. Without, that is an exception.
#[macro_export]
macro_rules! destructor {
    ($this:expr, $ty:ty : $class:expr) => {
        $crate::destructor!($this, $ty : $class => { Err(err) => $crate::__private__::raise(err) })
    };
    ($this:expr, $ty:ty : $class:expr => { Err($err:ident) => $handler:expr $(,)? }) => {
        match $crate::__private__::take_box::<$ty>(
            &$this,
            ::core::option::Option::Some($class),
        ) {
            ::core::result::Result::Ok(value) => ::core::mem::drop(value),
            ::core::result::Result::Err($err) => { $handler; }
        }
    };
    ($this:expr, $ty:ty) => {
        $crate::destructor!($this, $ty { Err(err) => $crate::__private__::raise(err) })
    };
    ($this:expr, $ty:ty { Err($err:ident) => $handler:expr $(,)? }) => {
        match $crate::__private__::take_box::<$ty>(&$this, ::core::option::Option::None) {
            ::core::result::Result::Ok(value) => ::core::mem::drop(value),
            ::core::result::Result::Err($err) => { $handler; }
        }
    };
}

/// Defines an exported function's symbol.
#[cfg(perlmod_threads)]
#[doc(hidden)]
#[macro_export]
macro_rules! __xs {
    ($symbol:ident, $exports:ident, $index:expr) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, missing_docs)]
        pub extern "C" fn $symbol(
            perl: *mut $crate::__private__::Interpreter,
            cv: *mut $crate::__private__::CV,
        ) {
            $crate::__private__::run_export(perl, cv, &$exports[$index]);
        }
    };
}

/// Defines an exported function's symbol.
#[cfg(not(perlmod_threads))]
#[doc(hidden)]
#[macro_export]
macro_rules! __xs {
    ($symbol:ident, $exports:ident, $index:expr) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, missing_docs)]
        pub extern "C" fn $symbol(cv: *mut $crate::__private__::CV) {
            $crate::__private__::run_export(::core::ptr::null_mut(), cv, &$exports[$index]);
        }
    };
}

/// Defines a package's boot symbol.
#[cfg(perlmod_threads)]
#[doc(hidden)]
#[macro_export]
macro_rules! __boot {
    ($symbol:ident, $package:ident) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, missing_docs)]
        pub extern "C" fn $symbol(
            perl: *mut $crate::__private__::Interpreter,
            _: *mut $crate::__private__::CV,
        ) {
            $crate::__private__::boot(perl, &$package);
        }
    };
}

/// Defines a package's boot symbol.
#[cfg(not(perlmod_threads))]
#[doc(hidden)]
#[macro_export]
macro_rules! __boot {
    ($symbol:ident, $package:ident) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, missing_docs)]
        pub extern "C" fn $symbol(_: *mut $crate::__private__::CV) {
            $crate::__private__::boot(::core::ptr::null_mut(), &$package);
        }
    };
}
