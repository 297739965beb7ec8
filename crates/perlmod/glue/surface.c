/* What the public interface needs beside conversions: numbers and strings as
 * perl makes them, containers with code behind them, magic of any kind,
 * hand-written subs and blocks.
 *
 * Whatever may die here runs under rp_guard and returns a status.
 */
#include "glue.h"
#include <errno.h>

/* ---- scalars as perl sees them ---- */

typedef struct {
    SV *sv;
    SV *other;
    SV *out;
    const char *ptr;
    size_t len;
    SSize_t index;
    int op;
    int type;
    const MGVTBL *vtbl;
    I32 found;
    NV number;
} task_t;

static void do_number(pTHX_ void *arg) {
    task_t *task = (task_t *)arg;
    task->number = SvNV(task->sv);
}

/* The number perl sees. */
int rp_number(RP_ rp_call *call, SV *sv, NV *out, SV **error) {
    RP_USE;
    task_t task = {.sv = sv};
    const int status = rp_guard(aTHX_ call, do_number, &task, error);
    *out = task.number;
    return status;
}

static void do_string(pTHX_ void *arg) {
    task_t *task = (task_t *)arg;
    STRLEN len;
    const char *ptr = SvPV_const(task->sv, len);
    task->out = newSVpvn_flags(ptr, len, SvUTF8(task->sv));
}

/* The string perl sees, in a scalar of its own. */
int rp_string(RP_ rp_call *call, SV *sv, SV **out, SV **error) {
    RP_USE;
    task_t task = {.sv = sv};
    const int status = rp_guard(aTHX_ call, do_string, &task, error);
    *out = status == RP_OK ? task.out : NULL;
    return status;
}

/* What ref() says of a reference to it, or what it would say without a class. */
SV *rp_reftype(RP_ SV *sv, int blessed) {
    RP_USE;
    return sv_ref(newSV(0), sv, blessed);
}

int rp_svtype(const SV *sv) {
    return SvTYPE(sv);
}

static void do_derived(pTHX_ void *arg) {
    task_t *task = (task_t *)arg;
    task->found = sv_isobject(task->sv)
        && sv_derived_from_pvn(task->sv, task->ptr, task->len, SVf_UTF8);
}

/* Whether it is an object of this class or one derived from it. */
int rp_is_a(
    RP_ rp_call *call, SV *sv, const char *class, size_t len, int *found, SV **error
) {
    RP_USE;
    task_t task = {.sv = sv, .ptr = class, .len = len};
    const int status = rp_guard(aTHX_ call, do_derived, &task, error);
    *found = task.found;
    return status;
}

/* ---- containers ---- */

/* mirrored in src/ffi/surface.rs */
enum {
    ARRAY_LEN,
    ARRAY_GET,
    ARRAY_SET,
    ARRAY_POP,
    ARRAY_DELETE,
    HASH_GET,
    HASH_SET,
    HASH_EXISTS,
    HASH_DELETE,
    HASH_FIRST,
    HASH_NEXT
};

static bool is_tied(pTHX_ SV *container) {
    return SvRMAGICAL(container) && mg_find(container, PERL_MAGIC_tied);
}

static SV *held(pTHX_ SV *container, SV *element) {
    if (!element)
        return NULL;
    /* an element of a tied container is a stand-in: its value is meant */
    if (is_tied(aTHX_ container))
        return newSVsv(element);
    return SvREFCNT_inc_simple_NN(element);
}

static void do_container(pTHX_ void *arg) {
    task_t *task = (task_t *)arg;
    AV *av = (AV *)task->sv;
    HV *hv = (HV *)task->sv;
    SV **slot;
    HE *he;
    switch (task->op) {
    case ARRAY_LEN:
        task->index = av_top_index(av) + 1;
        break;
    case ARRAY_GET:
        if (task->index > av_top_index(av))
            break;
        slot = av_fetch(av, task->index, 0);
        task->out = held(aTHX_ task->sv, slot ? *slot : NULL);
        break;
    case ARRAY_SET:
        if (SvREADONLY(task->sv))
            croak_no_modify();
        slot = av_fetch(av, task->index, 1);
        if (!slot)
            croak("array cannot be extended\n");
        sv_setsv_mg(*slot, task->other);
        break;
    case ARRAY_POP: {
        SV *last;
        if (SvREADONLY(task->sv))
            croak_no_modify();
        if (av_top_index(av) < 0)
            break;
        last = av_pop(av);
        task->out = SvRMAGICAL(task->sv) ? newSVsv(sv_2mortal(last)) : last;
        break;
    }
    case ARRAY_DELETE: {
        SV *gone = av_delete(av, task->index, 0);
        task->out = gone ? newSVsv(gone) : NULL;
        break;
    }
    case HASH_GET:
        if (is_tied(aTHX_ task->sv) && !hv_exists_ent(hv, task->other, 0))
            break;
        he = hv_fetch_ent(hv, task->other, 0, 0);
        task->out = held(aTHX_ task->sv, he ? HeVAL(he) : NULL);
        break;
    case HASH_SET:
        he = hv_fetch_ent(hv, task->other, 1, 0);
        if (!he)
            croak("hash cannot be extended\n");
        sv_setsv_mg(HeVAL(he), task->out);
        task->out = NULL;
        break;
    case HASH_EXISTS:
        task->found = hv_exists_ent(hv, task->other, 0);
        break;
    case HASH_DELETE: {
        SV *gone;
        if (is_tied(aTHX_ task->sv) && !hv_exists_ent(hv, task->other, 0))
            break;
        gone = hv_delete_ent(hv, task->other, 0, 0);
        task->out = gone ? newSVsv(gone) : NULL;
        break;
    }
    case HASH_FIRST:
        hv_iterinit(hv);
        break;
    default:
        he = hv_iternext(hv);
        if (he) {
            SV *key = hv_iterkeysv(he);
            task->out = held(aTHX_ task->sv, hv_iterval(hv, he));
            task->other = newSVsv(key);
        }
    }
}

/* One step on an array or a hash. *index is a position or a length; *other a
 * value or a key (out: the key of a pair, with a count); *out is a value, with
 * a count; *found tells whether a key exists. */
int rp_container(
    RP_ rp_call *call, int op, SV *sv, SSize_t *index, SV **other, SV **out, int *found,
    SV **error
) {
    RP_USE;
    task_t task = {.sv = sv, .other = *other, .out = *out, .op = op, .index = *index};
    const int status = rp_guard(aTHX_ call, do_container, &task, error);
    *index = task.index;
    *other = status == RP_OK ? task.other : NULL;
    *out = status == RP_OK ? task.out : NULL;
    *found = task.found;
    return status;
}

/* The main stash, with a count. */
SV *rp_main_stash(RP) {
    RP_USE;
    return SvREFCNT_inc_simple_NN((SV *)PL_defstash);
}

/* ---- magic of any kind ---- */

void rp_magic_add_raw(
    RP_ SV *sv, SV *obj, int type, const MGVTBL *vtbl, const char *name, I32 len
) {
    RP_USE;
    MAGIC *mg = sv_magicext(sv, obj, type, vtbl, name, len);
    if (vtbl && vtbl->svt_dup)
        mg->mg_flags |= MGf_DUP;
}

MAGIC *rp_magic_find_raw(RP_ SV *sv, int type, const MGVTBL *vtbl) {
    RP_USE;
    if (SvTYPE(sv) < SVt_PVMG)
        return NULL;
    return vtbl ? mg_findext(sv, type, vtbl) : mg_find(sv, type);
}

static void do_unmagic(pTHX_ void *arg) {
    task_t *task = (task_t *)arg;
    if (task->vtbl)
        sv_unmagicext(task->sv, task->type, (MGVTBL *)task->vtbl);
    else
        sv_unmagic(task->sv, task->type);
}

/* Removes every piece of magic of this kind. */
int rp_magic_remove(RP_ rp_call *call, SV *sv, int type, const MGVTBL *vtbl, SV **error) {
    RP_USE;
    task_t task = {.sv = sv, .type = type, .vtbl = vtbl};
    return rp_guard(aTHX_ call, do_unmagic, &task, error);
}

int rp_magic_ext(void) {
    return PERL_MAGIC_ext;
}

/* ---- hand-written subs ---- */

typedef struct {
    rp_call *call;
    int status; /* of rp_rethrow */
} left_t;

typedef void (*begin_t)(rp_call *call);
typedef int (*end_t)(rp_call *call);

static begin_t begin_sub;
static end_t end_sub;

static void leave_sub(pTHX_ void *arg) {
    left_t *left = (left_t *)arg;
    PERL_UNUSED_CONTEXT;
    left->status = end_sub(left->call);
}

/* Tells Rust which interpreter runs, for as long as the sub does; perl says so
 * also when it is left by an exception. */
static XSPROTO(run_sub) {
    rp_call call = {0};
    left_t left = {&call, RP_OK};
    XSUBADDR_t sub;
    Copy(&CvXSUBANY(cv).any_ptr, &sub, 1, XSUBADDR_t);
#ifdef MULTIPLICITY
    call.perl = my_perl;
#else
    call.perl = &call;
#endif
    call.state = rp_thread_state();
    call.cv = cv;
    call.items = -1; /* perl's stack has the arguments */
    call.pinned = 1;
    call.errnum = -1;
    ENTER;
    begin_sub(&call);
    SAVEDESTRUCTOR_X(leave_sub, &left);
    sub(aTHX_ cv);
    LEAVE;
    if (UNLIKELY(left.status != RP_OK))
        rp_rethrow(aTHX_ & call, left.status);
}

/* A reference to a new sub without a name. */
SV *rp_new_sub(RP_ XSUBADDR_t sub, begin_t begin, end_t end) {
    RP_USE;
    CV *cv = newXS(NULL, run_sub, __FILE__);
    begin_sub = begin;
    end_sub = end;
    Copy(&sub, &CvXSUBANY(cv).any_ptr, 1, XSUBADDR_t);
    return newRV_noinc((SV *)cv);
}

SSize_t rp_pop_mark(RP) {
    RP_USE;
    return POPMARK;
}

SSize_t rp_stack_count(RP_ SSize_t mark) {
    RP_USE;
    return PL_stack_sp - PL_stack_base - mark;
}

SV *rp_stack_get(RP_ SSize_t at) {
    RP_USE;
    SV *sv = PL_stack_base[at];
    return SvREFCNT_inc_simple_NN(sv && !SvIS_FREED(sv) ? sv : &PL_sv_undef);
}

void rp_stack_set(RP_ SSize_t mark) {
    RP_USE;
    PL_stack_sp = PL_stack_base + mark;
}

void rp_stack_push(RP_ SV *sv) {
    RP_USE;
    dSP;
    XPUSHs(sv);
    PUTBACK;
}

void rp_croak(RP_ SV *sv) {
    RP_USE;
    croak_sv(sv);
}

/* ---- blocks ---- */

void rp_block_begin(RP) {
    RP_USE;
    ENTER;
    SAVETMPS;
}

static void do_end(pTHX_ void *arg) {
    PERL_UNUSED_ARG(arg);
    FREETMPS;
    LEAVE;
}

/* Frees what the block left behind; destructors may run. */
int rp_block_end(RP_ rp_call *call) {
    RP_USE;
    return rp_contain(aTHX_ call, do_end, NULL);
}

/* ---- libc's error number ---- */

void rp_set_errno(int number) {
    errno = number;
}
