//! Hand-written subs, perl's stack, blocks, `croak`.

#[perlmod::package(name = "PerlmodSurface::Native", lib = "perlmod_surface")]
mod export {
    use perlmod::ffi::{
        self, CV, StackMark, croak, pop_arg_mark, pseudo_block, stack_push, stack_push_raw,
    };
    use perlmod::{Error, Scalar, Value};

    // as for a perl with threads, which every distribution's is
    macro_rules! sub {
        ($name:ident, $body:expr) => {
            extern "C" fn $name(_: *mut ffi::Interpreter, _: *mut CV) {
                $body
            }
        };
    }

    sub!(reversed, {
        // SAFETY: first thing in a sub made by `new_xsub`
        let mark: StackMark = unsafe { pop_arg_mark() };
        let count = mark.count();
        let mut arguments: Vec<Scalar> = mark.iter().collect();
        arguments.reverse();
        // SAFETY: the sub still runs
        unsafe { mark.set_stack() };
        for argument in arguments {
            stack_push(argument.into_mortal());
        }
        let count = Scalar::new_uint(count).into_mortal().into_raw();
        // SAFETY: perl frees it later
        unsafe { stack_push_raw(count) };
    });

    sub!(croaking, {
        // SAFETY: first thing in a sub made by `new_xsub`
        let argument = unsafe { pop_arg_mark() }.iter().next();
        let raw = argument.map(|argument| argument.into_mortal().into_raw());
        if let Some(raw) = raw {
            // SAFETY: live, and nothing here needs a drop
            unsafe { croak(raw) }
        }
    });

    #[export(raw_return)]
    pub fn reverser() -> Value {
        // SAFETY: keeps to perl's rules
        unsafe { Value::new_xsub(reversed) }
    }

    #[export(raw_return)]
    pub fn croaker() -> Value {
        // SAFETY: keeps to perl's rules
        unsafe { Value::new_xsub(croaking) }
    }

    pub type Callback = perlmod::perl_fn!(extern "C" fn(*mut CV));

    #[export(raw_return)]
    pub fn by_type() -> Value {
        let callback: Callback = reversed;
        // SAFETY: keeps to perl's rules
        unsafe { Value::new_xsub(callback) }
    }

    struct Dropped<'a>(&'a std::cell::Cell<u32>);

    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            DROPPED.with(|count| count.set(count.get() + 1));
        }
    }

    thread_local! {
        static DROPPED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }

    /// Throws the value out of an exported function, whose values are dropped.
    #[export]
    pub fn throws(#[raw] value: Value) {
        let count = std::cell::Cell::new(0);
        let _dropped = Dropped(&count);
        // SAFETY: the value lives in Perl's argument
        unsafe { croak(value.as_raw()) }
    }

    #[export]
    pub fn dropped() -> u32 {
        DROPPED.with(std::cell::Cell::get)
    }

    /// What the block leaves is freed in it: a destructor sees that.
    #[export(raw_return)]
    pub fn in_block(#[raw] object: Value, #[raw] seen: Value) -> Result<(Value, Value), Error> {
        let inner = pseudo_block(|| {
            let hash = Value::new_hash();
            if let Some(hash) = hash.as_hash() {
                hash.insert("seen", seen.clone_ref());
            }
            let reference = Value::new_ref(&hash);
            drop(hash);
            reference.bless_sv(&object).map(drop)
        });
        inner?;
        let within =
            perlmod::from_ref_value::<i64>(&seen.dereference().unwrap_or_else(Value::new_undef))?;
        Ok((Value::new_int(within as isize), Value::new_string("done")))
    }

    /// Text borrowed in a block outlasts it.
    #[export]
    pub fn borrowed_in_block(#[raw] value: Value, #[raw] class: Value) -> Result<String, Error> {
        let text = pseudo_block(|| {
            let text = value.pv_string_utf8();
            Value::new_ref(&Value::new_hash()).bless_sv(&class)?;
            Ok::<_, Error>(text)
        })?;
        Ok(text.to_string())
    }

    #[export]
    pub fn wants_list() -> Vec<bool> {
        vec![perlmod::wantarray()]
    }
}
