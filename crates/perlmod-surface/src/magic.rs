//! Attached values: tags, specs, raw magic, and each kind of pointer.

#[perlmod::package(name = "PerlmodSurface::Magic", lib = "perlmod_surface")]
mod export {
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use perlmod::error::MagicError;
    use perlmod::ffi::MGVTBL;
    use perlmod::magic::Leakable;
    use perlmod::{Error, MagicSpec, MagicTag, MagicValue, Scalar, Value};

    static LIVE: AtomicI64 = AtomicI64::new(0);

    struct Counted(i64);

    impl Counted {
        fn new(number: i64) -> Self {
            LIVE.fetch_add(1, Ordering::SeqCst);
            Self(number)
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            LIVE.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[export]
    pub fn live() -> i64 {
        LIVE.load(Ordering::SeqCst)
    }

    static BOXED: MagicTag<Box<Counted>> = MagicTag::<Box<Counted>>::DEFAULT;
    static SHARED: MagicTag<Arc<Counted>> = MagicTag::<Arc<Counted>>::DEFAULT;
    static LOCAL: MagicTag<Rc<Counted>> = MagicTag::<Rc<Counted>>::DEFAULT;
    static KEPT: MagicTag = MagicTag::new();

    // SAFETY: tag and spec are of one type
    const BOX: MagicSpec<'static, 'static, Box<Counted>> = unsafe { MagicSpec::new_static(&BOXED) };
    // SAFETY: tag and spec are of one type
    const ARC: MagicSpec<'static, 'static, Arc<Counted>> =
        unsafe { MagicSpec::new_static(&SHARED) };
    // SAFETY: tag and spec are of one type
    const RC: MagicSpec<'static, 'static, Rc<Counted>> = unsafe { MagicSpec::new_static(&LOCAL) };
    // SAFETY: nothing is freed under this tag, and a box is all that is attached
    const OURS: MagicSpec<'static, 'static, Box<Counted>> = unsafe { MagicSpec::new_static(&KEPT) };

    fn target(value: &Value) -> Result<Scalar, Error> {
        value
            .dereference()
            .map(Value::into_scalar)
            .ok_or_else(|| Error::new("not a reference"))
    }

    #[export]
    pub fn attach(#[raw] value: Value, number: i64) -> Result<(), Error> {
        let target = target(&value)?;
        let boxed: MagicValue<'_, '_, 'static, Box<Counted>> =
            BOX.spec().with_value(Box::new(Counted::new(number)));
        target.add_magic(boxed);
        target.add_magic(ARC.with_value(Arc::new(Counted::new(number + 1))));
        target.add_magic(RC.with_value(Rc::new(Counted::new(number + 2))));
        Ok(())
    }

    #[export]
    pub fn find(#[raw] value: Value) -> Result<[Option<i64>; 3], Error> {
        let target = target(&value)?;
        Ok([
            target.find_magic(&BOX).map(|found| found.0),
            target.find_magic(&ARC).map(|found| found.0),
            target.find_magic(&RC).map(|found| found.0),
        ])
    }

    #[export]
    pub fn remove(#[raw] value: Value) -> Result<Option<i64>, String> {
        let target = target(&value).map_err(|err| err.to_string())?;
        let removed: Result<_, MagicError> = target.remove_magic(&BOX);
        Ok(removed
            .map_err(|err| err.to_string())?
            .map(|counted| counted.0))
    }

    /// The borrowed value must not be taken away meanwhile.
    #[export]
    pub fn remove_while_used(#[raw] value: Value) -> Result<i64, Error> {
        let target = target(&value)?;
        let found = target.find_magic(&ARC);
        drop(target.remove_magic(&ARC));
        Ok(found.map_or(0, |found| found.0))
    }

    #[export]
    pub fn attach_kept(#[raw] value: Value) -> Result<(), Error> {
        target(&value)?.add_magic(OURS.with_value(Box::new(Counted::new(1))));
        Ok(())
    }

    #[export]
    pub fn destroy_kept(#[raw] value: Value) {
        perlmod::magic_destructor!(value: &OURS);
    }

    #[export]
    pub fn destroy_kept_or(#[raw] value: Value) -> &'static str {
        let mut told = "destroyed";
        perlmod::magic_destructor!(value: &OURS => {
            ref => told = "no reference",
            type => told = "no magic",
        });
        told
    }

    #[export]
    pub fn leakables() -> [i64; 3] {
        fn through<T: Leakable<Pointee = Counted>>(value: T) -> i64 {
            let ptr = value.leak();
            // SAFETY: leaked above
            let number = unsafe { T::get_ref(ptr) }.0;
            // SAFETY: leaked above, and not used any more
            drop(unsafe { T::reclaim(ptr) });
            number
        }
        [
            through(Box::new(Counted::new(1))),
            through(Arc::new(Counted::new(2))),
            through(Rc::new(Counted::new(3))),
        ]
    }

    static TABLE: MGVTBL = MGVTBL::zero();
    static OTHER: MGVTBL = MGVTBL::zero();

    #[export]
    pub fn raw_magic(#[raw] value: Value) -> Result<(bool, String, bool, bool), Error> {
        let target = target(&value)?;
        let before = target.find_raw_magic(None, Some(&TABLE)).is_some();
        let payload = c"payload";
        // SAFETY: a static table without callbacks; perl copies the text
        unsafe { target.add_raw_magic(None, None, Some(&TABLE), payload.as_ptr(), 7) };
        let Some(found) = target.find_raw_magic(None, Some(&TABLE)) else {
            return Error::fail("not found");
        };
        assert!(
            found
                .vtbl()
                .is_some_and(|table| std::ptr::eq(table, &raw const TABLE))
        );
        assert!(!found.is_empty());
        // SAFETY: perl keeps as many bytes there
        let text = unsafe {
            std::slice::from_raw_parts(found.ptr().cast::<u8>(), found.len().unsigned_abs())
        };
        let text = String::from_utf8_lossy(text).into_owned();
        let other = target
            .find_raw_magic(Some(i32::from(b'~')), Some(&OTHER))
            .is_some();
        // SAFETY: nobody uses it
        unsafe { target.remove_raw_magic(None, Some(&TABLE)) };
        let after = target.find_raw_magic(None, Some(&TABLE)).is_some();
        Ok((before, text, other, after))
    }
}
