/* Every call into perl that may die, and the one XSUB that perl calls.
 *
 * A guarded section returns a status, so that Rust drops its values in order;
 * only when Rust has returned does the XSUB throw. No Rust frame is ever
 * jumped over.
 */
#include "glue.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

/* ---- the way in from perl ---- */

/* Read in each call, so it lies beside perl's own threads' data, where no
 * function has to be asked for it. So small a piece has room there also for a
 * library that is loaded late. */
static __thread rp_state state __attribute__((tls_model("initial-exec")));

rp_state *rp_thread_state(void) {
    return &state;
}

void rp_rethrow(pTHX_ rp_call *call, int status) {
    switch (status) {
    case RP_EXIT:
        JMPENV_JUMP(2);
        break;
    case RP_RETHROW:
        PL_restartop = (OP *)call->restartop;
        PL_restartjmpenv = (JMPENV *)call->restartjmpenv;
        JMPENV_JUMP(3);
        break;
    default:
        croak_sv(sv_2mortal(call->error ? call->error : newSVpvs("unknown error\n")));
    }
}

/* The whole of a call; inlined into the two ways to it. */
PERL_STATIC_INLINE void run(pTHX_ CV *cv, const rp_export *export) {
    dXSARGS;
    rp_call call;
    int status;
    PERL_UNUSED_VAR(sp);
#ifdef MULTIPLICITY
    call.perl = my_perl;
#else
    call.perl = &call;
#endif
    call.state = &state;
    call.ax = ax;
    call.items = items;
    call.count = 0;
    call.error = NULL;
    call.returns = RP_R_STACK;
    call.lent_count = 0;
    call.lent_pinned = 0;
    call.pinned = 0;
    call.errnum = -1;
    call.cv = cv;
    call.pairs_used = 0;
    status = export->entry(&call);
    if (UNLIKELY(call.errnum >= 0))
        errno = call.errnum;
    if (call.lent_count)
        rp_give_back(call.perl, &call);
    if (UNLIKELY(status != RP_OK))
        rp_rethrow(aTHX_ & call, status);
    if (call.returns == RP_R_STACK)
        XSRETURN(call.count);
    if (items == 0)
        EXTEND(SP, 1);
    if (call.returns == RP_R_SCALAR) {
        ST(0) = sv_2mortal(call.value.sv);
    } else {
        /* as XS modules do: numbers go into a scalar of the calling op */
        dXSTARG;
        if (call.returns == RP_R_INT)
            TARGi(call.value.iv, 1);
        else if (call.returns == RP_R_UINT)
            TARGu(call.value.uv, 1);
        else
            TARGn(call.value.nv, 1);
        ST(0) = TARG;
    }
    XSRETURN(1);
}

static XSPROTO(rp_xsub) {
    run(aTHX_ cv, (const rp_export *)CvXSUBANY(cv).any_ptr);
}

/* The same for the symbol that each exported function has. */
void rp_run_export(RP_ CV *cv, const rp_export *export) {
    RP_USE;
    run(aTHX_ cv, export);
}

/* ---- the guard ---- */

/* Runs body to its end, or until an exit or a jump to an outer eval leaves it:
 * perl has unwound its stacks by then, and what it was about is remembered for
 * rp_rethrow. */
int rp_contain(pTHX_ rp_call *call, void (*body)(pTHX_ void *), void *arg) {
    int status = RP_OK;
    int ret;
    dJMPENV;
    JMPENV_PUSH(ret);
    if (ret == 0) {
        body(aTHX_ arg);
    } else {
        call->restartop = PL_restartop;
        call->restartjmpenv = PL_restartjmpenv;
        status = ret == 2 ? RP_EXIT : RP_RETHROW;
    }
    JMPENV_POP;
    return status;
}

typedef struct {
    void (*body)(pTHX_ void *arg);
    void *arg;
    int done;
    SV *error;
} job_t;

static XSPROTO(run_job) {
    dXSARGS;
    job_t *job = (job_t *)CvXSUBANY(cv).any_ptr;
    PERL_UNUSED_VAR(items);
    job->body(aTHX_ job->arg);
    job->done = 1;
    XSRETURN_EMPTY;
}

/* One per interpreter, and per library: its key is our own address. */
static CV *job_runner(pTHX) {
    char key[40];
    const int len = snprintf(key, sizeof key, "perlmod/%p", (void *)run_job);
    SV **slot = hv_fetch(PL_modglobal, key, len, 0);
    CV *cv;
    if (slot)
        return (CV *)*slot;
    cv = newXS(NULL, run_job, __FILE__);
    (void)hv_store(PL_modglobal, key, len, (SV *)cv, 0);
    return cv;
}

static void do_job(pTHX_ void *arg) {
    dSP;
    job_t *job = (job_t *)arg;
    CV *runner;
    ENTER;
    SAVETMPS;
    save_scalar(PL_errgv);
    SAVEGENERICSV(PL_diehook);
    PL_diehook = NULL;
    runner = job_runner(aTHX);
    SAVEVPTR(CvXSUBANY(runner).any_ptr);
    CvXSUBANY(runner).any_ptr = job;
    PUSHSTACKi(PERLSI_REQUIRE);
    PUSHMARK(PL_stack_sp);
    call_sv((SV *)runner, G_EVAL | G_VOID | G_DISCARD | G_NOARGS);
    POPSTACK;
    if (!job->done)
        job->error = newSVsv(ERRSV);
    FREETMPS;
    LEAVE;
}

/* Runs body in an eval of its own: RP_DIED leaves a copy of what was thrown
 * in *error. Neither $@ nor an outer eval notices, `next` and `last` cannot
 * leave, and the die hook is off. */
int rp_guard(pTHX_ rp_call *call, void (*body)(pTHX_ void *), void *arg, SV **error) {
    job_t job = {body, arg, 0, NULL};
    const int status = rp_contain(aTHX_ call, do_job, &job);
    *error = job.error;
    return status == RP_OK && !job.done ? RP_DIED : status;
}

/* What a guarded function works on. */
typedef struct {
    SV *sv;
    SV *other;
    SV *out;
    const char *key;
    I32 len;
} work_t;

static void do_fetch(pTHX_ void *arg) {
    work_t *work = (work_t *)arg;
    SV *copy = newSV(0);
    work->out = sv_2mortal(copy);
    sv_setsv(copy, work->sv);
    SvREFCNT_inc_simple_void_NN(copy);
}

/* A copy of what the scalar's get-magic yields. */
int rp_fetch(RP_ rp_call *call, SV *sv, SV **out, SV **error) {
    RP_USE;
    work_t work = {sv, NULL, NULL, NULL, 0};
    const int status = rp_guard(aTHX_ call, do_fetch, &work, error);
    *out = status == RP_OK ? work.out : NULL;
    return status;
}

/* More than this many elements of a tied container are refused. */
#define TIED_MAX 10000000

static void do_tied(pTHX_ void *arg) {
    work_t *work = (work_t *)arg;
    if (SvTYPE(work->sv) == SVt_PVAV) {
        AV *from = (AV *)work->sv;
        AV *to = (AV *)sv_2mortal((SV *)newAV());
        const SSize_t top = av_top_index(from);
        SSize_t i;
        if (top >= TIED_MAX)
            croak("tied array is too large\n");
        for (i = 0; i <= top; i++) {
            SV **item = av_fetch(from, i, 0);
            av_push(to, item ? newSVsv(*item) : newSV(0));
        }
        work->out = (SV *)to;
    } else {
        HV *from = (HV *)work->sv;
        HV *to = (HV *)sv_2mortal((SV *)newHV());
        HE *he;
        UV n = 0;
        hv_iterinit(from);
        while ((he = hv_iternext(from))) {
            SV *key, *value;
            if (++n > TIED_MAX)
                croak("tied hash is too large\n");
            ENTER;
            SAVETMPS;
            key = hv_iterkeysv(he);
            /* storing asks for the key's text, which may die */
            value = sv_2mortal(newSVsv(hv_iterval(from, he)));
            if (hv_store_ent(to, key, value, 0))
                SvREFCNT_inc_simple_void_NN(value);
            FREETMPS;
            LEAVE;
        }
        work->out = (SV *)to;
    }
    SvREFCNT_inc_simple_void_NN(work->out);
}

/* A plain copy of a tied array or hash. */
int rp_untie(RP_ rp_call *call, SV *sv, SV **out, SV **error) {
    RP_USE;
    work_t work = {sv, NULL, NULL, NULL, 0};
    const int status = rp_guard(aTHX_ call, do_tied, &work, error);
    *out = status == RP_OK ? work.out : NULL;
    return status;
}

static void do_push(pTHX_ void *arg) {
    work_t *work = (work_t *)arg;
    if (SvREADONLY(work->sv))
        croak_no_modify();
    if (SvRMAGICAL(work->sv) && mg_find(work->sv, PERL_MAGIC_tied)) {
        dSP;
        MAGIC *mg = mg_find(work->sv, PERL_MAGIC_tied);
        ENTER;
        PUSHMARK(SP);
        EXTEND(SP, 2);
        PUSHs(SvTIED_obj(work->sv, mg));
        PUSHs(sv_mortalcopy(work->other));
        PUTBACK;
        call_method("PUSH", G_SCALAR | G_DISCARD);
        LEAVE;
        return;
    }
    av_push((AV *)work->sv, newSVsv(work->other));
    SvSETMAGIC(work->sv);
}

/* Appends a copy of other. */
int rp_array_push_guarded(RP_ rp_call *call, SV *av, SV *other, SV **error) {
    RP_USE;
    work_t work = {av, other, NULL, NULL, 0};
    return rp_guard(aTHX_ call, do_push, &work, error);
}

static void do_store(pTHX_ void *arg) {
    work_t *work = (work_t *)arg;
    SV **slot = hv_fetch((HV *)work->sv, work->key, work->len, 1);
    if (slot) {
        sv_setsv(*slot, work->other);
        SvSETMAGIC(*slot);
    }
}

/* Stores a copy of other. */
int rp_hash_store_guarded(
    RP_ rp_call *call, SV *hv, const char *key, I32 len, SV *other, SV **error
) {
    RP_USE;
    work_t work = {hv, other, NULL, key, len};
    return rp_guard(aTHX_ call, do_store, &work, error);
}

static void do_bless(pTHX_ void *arg) {
    work_t *work = (work_t *)arg;
    HV *stash;
    if (work->other) {
        SvGETMAGIC(work->other);
        if (SvROK(work->other) || !SvOK(work->other))
            croak("cannot bless: class name is not a string\n");
        stash = gv_stashsv(work->other, GV_ADD);
    } else {
        stash = gv_stashpvn(work->key, work->len, GV_ADD | SVf_UTF8);
    }
    sv_bless(work->sv, stash);
}

/* Blesses a reference into the class named by key, or by the scalar name. */
int rp_bless(RP_ rp_call *call, SV *sv, SV *name, const char *key, I32 len, SV **error) {
    RP_USE;
    work_t work = {sv, name, NULL, key, len};
    return rp_guard(aTHX_ call, do_bless, &work, error);
}

/* ---- bootstrap ---- */

/* What keeps this library out of the running perl, or NULL. Uses functions
 * by their names only, never a struct whose layout may differ. */
const char *rp_check_perl(RP) {
    RP_USE;
    static char text[160];
    const int threads = dlsym(RTLD_DEFAULT, "PL_thr_key") != NULL;
    SV *version;
    const char *running = NULL;
    STRLEN len = 0;
    int minor = -1;
#ifdef MULTIPLICITY
    const int built_threads = 1;
#else
    const int built_threads = 0;
#endif
    if (threads != built_threads) {
        snprintf(
            text, sizeof text, "this library was built for a perl %s threads, this one is %s",
            built_threads ? "with" : "without", threads ? "with" : "without"
        );
        return text;
    }
    version = Perl_get_sv(aTHX_ "]", GV_ADD);
    /* as a text, 5.036000: numbers depend on the locale */
    if (version)
        running = Perl_sv_2pv_flags(aTHX_ version, &len, SV_GMAGIC);
    if (running && len >= 5 && running[0] == '5')
        minor = (running[2] - '0') * 100 + (running[3] - '0') * 10 + (running[4] - '0');
    if (minor != PERL_VERSION) {
        snprintf(
            text, sizeof text, "this library was built for perl 5.%d, this is perl %s",
            PERL_VERSION, running ? running : "of an unknown version"
        );
        return text;
    }
    return NULL;
}

/* dlclose leaves the library where it is from now on. */
void rp_stay_loaded(void) {
    Dl_info info;
    if (dladdr((void *)rp_xsub, &info) && info.dli_fname)
        (void)dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

typedef struct {
    const rp_export *list;
    size_t count;
} exports_t;

static void do_install(pTHX_ void *arg) {
    const exports_t *exports = (const exports_t *)arg;
    size_t i;
    for (i = 0; i < exports->count; i++) {
        const rp_export *export = &exports->list[i];
        CV *cv = get_cv(export->name, 0);
        if (cv && CvISXSUB(cv) && CvXSUB(cv) == rp_xsub && CvXSUBANY(cv).any_ptr == (void *)export)
            continue;
        cv = newXS_flags(export->name, rp_xsub, export->file, export->prototype, 0);
        CvXSUBANY(cv).any_ptr = (void *)export;
    }
}

/* Makes the exported functions known to this interpreter. */
int rp_install(RP_ rp_call *call, const rp_export *list, size_t count, SV **error) {
    RP_USE;
    exports_t exports = {list, count};
    return rp_guard(aTHX_ call, do_install, &exports, error);
}

static void do_boot(pTHX_ void *arg) {
    const rp_export *boot = (const rp_export *)arg;
    CV *cv = newXS(NULL, rp_xsub, boot->file);
    sv_2mortal((SV *)cv);
    CvXSUBANY(cv).any_ptr = (void *)boot;
    PUSHMARK(PL_stack_sp);
    call_sv((SV *)cv, G_VOID | G_DISCARD | G_NOARGS);
}

/* Runs a crate's boot function through the fence. */
int rp_run_boot(RP_ rp_call *call, const rp_export *boot, SV **error) {
    RP_USE;
    return rp_guard(aTHX_ call, do_boot, (void *)boot, error);
}

/* The last act of a bootstrap that failed. */
void rp_throw(RP_ SV *error) {
    RP_USE;
    croak_sv(sv_2mortal(error));
}

void rp_throw_text(RP_ const char *text) {
    RP_USE;
    Perl_croak(aTHX_ "%s\n", text);
}
