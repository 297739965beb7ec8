/* Shared by the two C files of the binding layer.
 *
 * Every function takes the interpreter first, also on a perl built without
 * MULTIPLICITY (where it is ignored), so that Rust sees one signature.
 * The structs here are mirrored in src/ffi.rs.
 */
#ifndef PERLMOD_GLUE_H
#define PERLMOD_GLUE_H

#define PERL_NO_GET_CONTEXT
#define NO_XSLOCKS
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"

#ifdef MULTIPLICITY
#define RP PerlInterpreter *my_perl
#define RP_USE
#define RP_SELF my_perl
#else
#define RP void *rp_perl
#define RP_USE PERL_UNUSED_ARG(rp_perl)
#define RP_SELF rp_perl
#endif
#define RP_ RP,

/* what a scalar holds */
enum {
    RP_UNDEF,
    RP_BOOL,
    RP_INT,
    RP_UINT,
    RP_FLOAT,
    RP_STRING,
    RP_SCALAR, /* a reference to a scalar (or to a reference) */
    RP_ARRAY,
    RP_HASH,
    RP_CODE,
    RP_GLOB,
    RP_REGEXP,
    RP_IO,
    RP_OTHER,
    RP_MAGIC, /* has get-magic: fetch a copy under the guard first */
    RP_FREED
};

/* flags of a node */
enum {
    RP_F_UTF8 = 1,    /* the string is stored as UTF-8 */
    RP_F_REF = 2,     /* reached through a reference */
    RP_F_TIED = 8,    /* the container has magic: copy it under the guard first */
    RP_F_IOK = 16,    /* a string that is an integer as well (i is set) */
    RP_F_UV = 32,     /* i is unsigned */
    RP_F_NOK = 64     /* a string that is a float as well (i.nv is set) */
};

typedef struct {
    U32 kind;
    U32 flags;
    union {
        IV iv;
        UV uv;
        NV nv;
    } i;
    const char *ptr;
    size_t len;
    SV *sv;   /* the scalar itself */
    SV *body; /* what a reference points to, or the container */
} rp_node;

/* a key; without a scalar of its own ptr is the text of the hash's HEK */
typedef struct {
    const char *ptr;
    SV *sv;
    U32 len;
    U32 flags; /* RP_F_UTF8 */
} rp_key;

typedef struct {
    rp_key key;
    rp_node value;
} rp_pair;

/* pairs of hashes that a call describes in room of its own; hashes for which
 * there is none left go to a list in Rust */
#define RP_PAIRS 16

/* a key for a shape; len < 0: it is UTF-8 */
typedef struct {
    const char *ptr;
    I32 len;
} rp_name;

/* a key of a shape, as perl keeps it, and the value that belongs to it */
typedef struct {
    const HEK *key;
    size_t value;
} rp_slot;

/* scalars lent to Rust that a call keeps by itself; more go to a list in Rust */
#define RP_LENT 8

/* what a call returns: what was pushed, or one value */
enum { RP_R_STACK, RP_R_SCALAR, RP_R_INT, RP_R_UINT, RP_R_FLOAT };

/* what src/fence.rs knows of a thread; all zero at first */
typedef struct {
    U64 words[4];
} rp_state;

/* one call of an exported function */
typedef struct {
    void *perl;
    rp_state *state; /* of this thread */
    void *outer_perl; /* what ran before, for src/fence.rs */
    void *outer_call;
    SSize_t ax;
    SSize_t items;
    SSize_t count; /* values pushed */
    union {
        SV *sv; /* owned */
        IV iv;
        UV uv;
        NV nv;
    } value; /* the one value */
    U32 returns;
    U32 lent_count;  /* scalars in lent, each with a count */
    U32 lent_pinned; /* those whose buffers have been made to outlive the call */
    SV *lent[RP_LENT];
    SV *error;     /* what to throw, owned */
    void *restartop;
    void *restartjmpenv;
    I32 pinned; /* the arguments have been made to outlive the call */
    I32 errnum; /* what errno is when perl goes on, or -1 */
    CV *cv;     /* the sub that runs */
    U32 pairs_used;
    rp_pair pairs[RP_PAIRS];
} rp_call;

/* a hash that is read; small enough to be returned in registers */
typedef struct {
    rp_pair *pairs;
    U32 count;
    U16 used; /* of the call's room, with these */
    U16 held; /* rp_hash_release must follow */
} rp_walk;

/* the same is asserted in src/ffi.rs */
_Static_assert(
    sizeof(rp_node) == 48 && sizeof(rp_pair) == 72 && sizeof(rp_walk) == 16
        && sizeof(rp_call) == 192 + RP_PAIRS * 72,
    "mirrored in src/ffi.rs"
);

/* how a call, or a guarded section, ended */
enum { RP_OK, RP_DIED, RP_EXIT, RP_RETHROW };

typedef struct {
    const char *name; /* with its package */
    const char *file;
    const char *prototype; /* or NULL */
    int (*entry)(rp_call *);
} rp_export;

rp_state *rp_thread_state(void);
void rp_describe(RP_ SV *sv, rp_node *node);
void rp_release(RP_ SV *sv);

/* Ends the loans. */
PERL_STATIC_INLINE void rp_give_back(RP_ rp_call *call) {
    RP_USE;
    while (call->lent_count > 0) {
        SV *sv = call->lent[--call->lent_count];
        if (LIKELY(SvREFCNT(sv) > 1))
            SvREFCNT(sv)--;
        else
            rp_release(RP_SELF, sv);
    }
}

/* Runs body; a jump out of it ends here. */
int rp_contain(pTHX_ rp_call *call, void (*body)(pTHX_ void *), void *arg);

/* Runs body in an eval of its own: RP_DIED leaves a copy of what was thrown
 * in *error. */
int rp_guard(pTHX_ rp_call *call, void (*body)(pTHX_ void *), void *arg, SV **error);

/* Goes on with what ended a call early. Does not return. */
void rp_rethrow(pTHX_ rp_call *call, int status);

#endif
