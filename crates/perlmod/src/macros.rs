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
