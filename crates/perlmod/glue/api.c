/* Calls into perl that cannot die: no magic, no overloading, no user code.
 *
 * Running out of memory ends the process in perl itself; that is the one way
 * out of these functions that does not return.
 */
#include "glue.h"

/* true when reading the scalar runs code; taint alone does not count */
static bool has_get_magic(SV *sv) {
    const MAGIC *mg;
    if (!SvGMAGICAL(sv))
        return false;
    for (mg = SvMAGIC(sv); mg; mg = mg->mg_moremagic)
        if (mg->mg_virtual && mg->mg_virtual->svt_get && mg->mg_type != PERL_MAGIC_taint)
            return true;
    return false;
}

static U32 body_kind(const SV *sv) {
    switch (SvTYPE(sv)) {
    case SVt_PVAV:
        return RP_ARRAY;
    case SVt_PVHV:
        return RP_HASH;
    case SVt_PVCV:
        return RP_CODE;
    case SVt_PVGV:
        return isGV_with_GP(sv) ? RP_GLOB : RP_SCALAR;
    case SVt_REGEXP:
        return RP_REGEXP;
    case SVt_PVIO:
        return RP_IO;
    case SVt_NULL:
    case SVt_IV:
    case SVt_NV:
    case SVt_PV:
    case SVt_PVIV:
    case SVt_PVNV:
    case SVt_PVMG:
    case SVt_INVLIST:
        return RP_SCALAR;
    case SVt_PVLV:
        return isGV_with_GP(sv) ? RP_GLOB : isREGEXP(sv) ? RP_REGEXP : RP_SCALAR;
    default: /* formats, and the objects of perl 5.38 */
        return RP_OTHER;
    }
}

static void describe_body(SV *body, rp_node *node) {
    node->body = body;
    node->kind = body_kind(body);
    if ((node->kind == RP_ARRAY || node->kind == RP_HASH) && SvRMAGICAL(body)
        && mg_find(body, PERL_MAGIC_tied))
        node->flags |= RP_F_TIED;
}

void rp_describe(RP_ SV *sv, rp_node *node) {
    RP_USE;
    U32 type;
    node->flags = 0;
    node->sv = sv;
    node->body = NULL;
    if (!sv) {
        node->kind = RP_UNDEF;
        return;
    }
    if (SvIS_FREED(sv)) {
        node->kind = RP_FREED;
        return;
    }
    if (has_get_magic(sv)) {
        node->kind = RP_MAGIC;
        return;
    }
    if (SvROK(sv)) {
        node->flags = RP_F_REF;
        describe_body(SvRV(sv), node);
        return;
    }
    type = SvTYPE(sv);
    if (type >= SVt_PVMG) {
        const U32 kind = body_kind(sv);
        if (kind != RP_SCALAR) {
            describe_body(sv, node);
            return;
        }
    } else if (type == SVt_REGEXP) {
        describe_body(sv, node);
        return;
    }
    if (SvIsBOOL(sv)) {
        node->kind = RP_BOOL;
        node->i.iv = SvIVX(sv);
        return;
    }
    if (SvPOK(sv)) {
        node->kind = RP_STRING;
        node->ptr = SvPVX_const(sv);
        node->len = SvCUR(sv);
        if (SvUTF8(sv))
            node->flags |= RP_F_UTF8;
        if (SvIOK(sv)) {
            node->flags |= RP_F_IOK | (SvIsUV(sv) ? RP_F_UV : 0);
            node->i.iv = SvIVX(sv);
        } else if (SvNOK(sv)) {
            node->flags |= RP_F_NOK;
            node->nv = SvNVX(sv);
        }
        return;
    }
    if (SvIOK(sv)) {
        if (SvIsUV(sv)) {
            node->kind = RP_UINT;
            node->i.uv = SvUVX(sv);
        } else {
            node->kind = RP_INT;
            node->i.iv = SvIVX(sv);
        }
        return;
    }
    if (SvNOK(sv)) {
        node->kind = RP_FLOAT;
        node->nv = SvNVX(sv);
        return;
    }
    node->kind = SvOK(sv) ? RP_OTHER : RP_UNDEF;
}

/* The stack may have moved since the last look, so it is indexed anew. */
void rp_argument(RP_ const rp_call *call, SSize_t index, rp_node *node) {
    RP_USE;
    rp_describe(RP_SELF, PL_stack_base[call->ax + index], node);
}

/* An argument that is nothing but a signed integer. */
int rp_argument_int(RP_ const rp_call *call, SSize_t index, IV *out) {
    RP_USE;
    const SV *sv = PL_stack_base[call->ax + index];
    const U32 flags = SVf_IOK | SVf_POK | SVf_ROK | SVs_GMG | SVf_IVisUV;
    if (!sv || SvTYPE(sv) > SVt_PVMG || (SvFLAGS(sv) & flags) != SVf_IOK)
        return 0;
    *out = SvIVX(sv);
    return 1;
}

SV *rp_argument_sv(RP_ const rp_call *call, SSize_t index) {
    RP_USE;
    SV *sv = PL_stack_base[call->ax + index];
    return SvREFCNT_inc_simple_NN(sv && !SvIS_FREED(sv) ? sv : &PL_sv_undef);
}

/* Perl's stack does not count references: before code runs that might free
 * them, the arguments are made to live until the caller's statement ends. */
void rp_pin_arguments(RP_ rp_call *call) {
    RP_USE;
    SSize_t i;
    if (call->pinned)
        return;
    call->pinned = 1;
    for (i = 0; i < call->items; i++) {
        SV *sv = PL_stack_base[call->ax + i];
        if (sv && !SvIS_FREED(sv))
            sv_2mortal(SvREFCNT_inc_simple_NN(sv));
    }
}

/* A lent string's buffer goes to a keeper, which is returned, and the scalar
 * gets an equal one of its own. */
SV *rp_pin_buffer(RP_ SV *sv) {
    RP_USE;
    SV *keeper;
    if (!SvPOK(sv) || SvTYPE(sv) > SVt_PVLV) /* lent for its magic */
        return NULL;
    if (SvIsCOW(sv)) {
        if (SvLEN(sv) == 0)
            return newSVhek(SvSHARED_HEK_FROM_PV(SvPVX_const(sv)));
        /* sv_setsv would rather copy a short string */
        CowREFCNT(sv)++;
        keeper = newSV_type(SVt_PV);
        SvPV_set(keeper, SvPVX(sv));
        SvCUR_set(keeper, SvCUR(sv));
        SvLEN_set(keeper, SvLEN(sv));
        SvPOK_only(keeper);
        SvIsCOW_on(keeper);
    } else if (SvLEN(sv) && !SvOOK(sv)) {
        const STRLEN size = SvLEN(sv);
        char *copy = (char *)safemalloc(size);
        Copy(SvPVX(sv), copy, SvCUR(sv) + 1, char);
        keeper = newSV_type(SVt_PV);
        SvPV_set(keeper, SvPVX(sv));
        SvCUR_set(keeper, SvCUR(sv));
        SvLEN_set(keeper, size);
        SvPV_set(sv, copy);
    } else {
        return NULL;
    }
    return keeper;
}

/* Whether rp_pin_buffer can keep this string's buffer where it is. */
static bool can_lend(const SV *sv) {
    if (SvIsCOW(sv))
        return SvLEN(sv) == 0 || CowREFCNT(sv) < SV_COW_REFCNT_MAX;
    return SvLEN(sv) > SvCUR(sv) && !SvOOK(sv);
}

/* Keeps a string's scalar and buffer in place until the call ends: 0 if that
 * cannot be, 1 if the call has taken a count, 2 if it has no more room. */
int rp_lend(rp_call *call, SV *sv) {
    if (!can_lend(sv))
        return 0;
    if (call->lent_count == RP_LENT)
        return 2;
    call->lent[call->lent_count++] = SvREFCNT_inc_simple_NN(sv);
    return 1;
}

/* An argument that is a plain string: 0 if it is not, or cannot be lent as
 * wanted; 2 if it is stored as UTF-8. */
int rp_argument_string(
    RP_ rp_call *call, SSize_t index, int lend, const char **ptr, size_t *len
) {
    RP_USE;
    SV *sv = PL_stack_base[call->ax + index];
    if (!sv || SvTYPE(sv) > SVt_PVMG
        || (SvFLAGS(sv) & (SVf_POK | SVf_ROK | SVs_GMG)) != SVf_POK)
        return 0;
    if (lend && rp_lend(call, sv) != 1)
        return 0;
    *ptr = SvPVX_const(sv);
    *len = SvCUR(sv);
    return SvUTF8(sv) ? 2 : 1;
}

/* Ends the loans of a call that is not an exported function's. */
void rp_end_loans(RP_ rp_call *call) {
    RP_USE;
    rp_give_back(RP_SELF, call);
}

void rp_push(RP_ rp_call *call, SV *sv) {
    RP_USE;
    const SSize_t at = call->ax + call->count;
    if (at >= PL_stack_max - PL_stack_base)
        stack_grow(PL_stack_sp, PL_stack_base + at, 1);
    PL_stack_base[at] = sv_2mortal(sv);
    call->count++;
}

int rp_wants_list(RP) {
    RP_USE;
    return GIMME_V;
}

/* ---- references counted ---- */

SV *rp_hold(SV *sv) {
    return SvREFCNT_inc_simple_NN(sv);
}

/* Never runs a destructor here: what might have one is freed when the
 * caller's statement ends. */
void rp_release(RP_ SV *sv) {
    RP_USE;
    if (SvREFCNT(sv) > 1)
        SvREFCNT(sv)--;
    else if (SvTYPE(sv) < SVt_PVMG && !SvROK(sv))
        SvREFCNT_dec_NN(sv);
    else
        sv_2mortal(sv);
}

SV *rp_mortal(RP_ SV *sv) {
    RP_USE;
    return sv_2mortal(sv);
}

/* ---- new scalars ---- */

SV *rp_new_undef(RP) {
    RP_USE;
    return newSV(0);
}

SV *rp_new_bool(RP_ int v) {
    RP_USE;
    return newSVsv(v ? &PL_sv_yes : &PL_sv_no);
}

SV *rp_new_int(RP_ IV v) {
    RP_USE;
    return newSViv(v);
}

SV *rp_new_uint(RP_ UV v) {
    RP_USE;
    return newSVuv(v);
}

SV *rp_new_float(RP_ NV v) {
    RP_USE;
    return newSVnv(v);
}

SV *rp_new_string(RP_ const char *ptr, size_t len, int utf8) {
    RP_USE;
    return newSVpvn_flags(ptr, len, utf8 ? SVf_UTF8 : 0);
}

SV *rp_new_ref(RP_ SV *target) {
    RP_USE;
    return newRV_noinc(target);
}

/* ---- arrays ---- */

SV *rp_new_array(RP) {
    RP_USE;
    return (SV *)newAV();
}

/* Larger hints are not believed: perl would die of them. */
#define RESERVE_MAX (1 << 24)

void rp_array_reserve(RP_ SV *av, SSize_t count) {
    RP_USE;
    if (count > 0 && count <= RESERVE_MAX)
        av_extend((AV *)av, count - 1);
}

size_t rp_array_len(RP_ SV *av) {
    RP_USE;
    return (size_t)(AvFILLp((AV *)av) + 1);
}

/* Only for an array without magic that Rust made or found writable. */
void rp_array_push(RP_ SV *av, SV *sv) {
    RP_USE;
    av_push((AV *)av, sv);
}

/* Most values are plain strings and integers. */
PERL_STATIC_INLINE void describe_value(RP_ SV *sv, rp_node *node) {
    const U32 flags = SVf_IOK | SVf_NOK | SVf_POK | SVf_ROK | SVs_GMG | SVf_IVisUV;
    if (LIKELY(sv && SvTYPE(sv) <= SVt_PVMG)) {
        const U32 is = SvFLAGS(sv) & flags;
        if (is == SVf_POK || is == SVf_IOK) {
            node->flags = 0;
            node->sv = sv;
            node->body = NULL;
            if (is == SVf_IOK) {
                node->kind = RP_INT;
                node->i.iv = SvIVX(sv);
            } else {
                node->kind = RP_STRING;
                node->ptr = SvPVX_const(sv);
                node->len = SvCUR(sv);
                if (SvUTF8(sv))
                    node->flags = RP_F_UTF8;
            }
            return;
        }
    }
    rp_describe(RP_SELF, sv, node);
}

size_t rp_array_nodes(RP_ SV *av, size_t start, rp_node *out, size_t max) {
    RP_USE;
    const SSize_t fill = AvFILLp((AV *)av);
    SV **items = AvARRAY((AV *)av);
    size_t n = 0;
    while (n < max && (SSize_t)(start + n) <= fill) {
        describe_value(RP_SELF, items[start + n], &out[n]);
        n++;
    }
    return n;
}

/* ---- hashes ---- */

SV *rp_new_hash(RP) {
    RP_USE;
    return (SV *)newHV();
}

size_t rp_hash_len(RP_ SV *hv) {
    RP_USE;
    return HvUSEDKEYS((HV *)hv);
}

static void describe_key(HEK *hek, rp_node *node) {
    node->kind = RP_STRING;
    node->flags = HEK_UTF8(hek) ? RP_F_UTF8 : 0;
    node->ptr = HEK_KEY(hek);
    node->len = HEK_LEN(hek);
    node->sv = NULL;
    node->body = (SV *)hek;
}

/* All pairs, without perl's own iterator. When a value can run code (it has
 * magic or leads on to another container) the keys and values are held, and
 * *held says that rp_hash_release must follow. */
size_t rp_hash_pairs(RP_ SV *sv, rp_pair *out, size_t max, int *held) {
    RP_USE;
    HV *hv = (HV *)sv;
    HE **buckets = HvARRAY(hv);
    size_t n = 0;
    STRLEN b;
    *held = 0;
    if (!buckets)
        return 0;
    for (b = 0; b <= HvMAX(hv); b++) {
        HE *he;
        for (he = buckets[b]; he && n < max; he = HeNEXT(he)) {
            SV *value = HeVAL(he);
            if (value == &PL_sv_placeholder)
                continue;
            describe_key(HeKEY_hek(he), &out[n].key);
            describe_value(RP_SELF, value, &out[n].value);
            if (out[n].value.kind == RP_MAGIC || (out[n].value.flags & RP_F_REF))
                *held = 1;
            n++;
        }
    }
    if (*held) {
        size_t i;
        for (i = 0; i < n; i++) {
            SV *key = newSVhek((HEK *)out[i].key.body);
            /* may be stored in another way than the hash's own */
            out[i].key.sv = key;
            out[i].key.flags = SvUTF8(key) ? RP_F_UTF8 : 0;
            out[i].key.ptr = SvPVX_const(key);
            out[i].key.len = SvCUR(key);
            SvREFCNT_inc_simple_void(out[i].value.sv);
        }
    }
    return n;
}

void rp_hash_release(RP_ rp_pair *pairs, size_t count) {
    RP_USE;
    size_t i;
    for (i = 0; i < count; i++) {
        SvREFCNT_dec_NN(pairs[i].key.sv);
        if (pairs[i].value.sv)
            rp_release(RP_SELF, pairs[i].value.sv);
    }
}

/* A key as a scalar. */
SV *rp_key_sv(RP_ const rp_node *key) {
    RP_USE;
    return key->sv ? SvREFCNT_inc_simple_NN(key->sv) : newSVhek((HEK *)key->body);
}

/* Only for a hash without magic that is not restricted. The old value is
 * freed when the caller's statement ends. len < 0: the key is UTF-8. */
void rp_hash_store(RP_ SV *hv, const char *key, I32 len, SV *value) {
    RP_USE;
    SV **slot = hv_fetch((HV *)hv, key, len, 1);
    if (slot) {
        SV *old = *slot;
        *slot = value;
        rp_release(RP_SELF, old);
    }
}

/* Only for a hash that Rust is filling: an old value is as plain as the hash. */
void rp_hash_add(RP_ SV *hv, const char *key, I32 len, SV *value) {
    RP_USE;
    if (!hv_store((HV *)hv, key, len, value, 0))
        SvREFCNT_dec_NN(value);
}

SV *rp_hash_get(RP_ SV *hv, const char *key, I32 len) {
    RP_USE;
    SV **slot = hv_fetch((HV *)hv, key, len, 0);
    return slot ? SvREFCNT_inc_simple_NN(*slot) : NULL;
}

SV *rp_array_get(RP_ SV *av, size_t index) {
    RP_USE;
    if (index >= (size_t)(AvFILLp((AV *)av) + 1))
        return NULL;
    return SvREFCNT_inc_simple(AvARRAY((AV *)av)[index]);
}

/* Whether stores into this container need the guard. */
int rp_is_plain(const SV *sv) {
    return !SvMAGICAL(sv) && !SvREADONLY(sv);
}

/* ---- magic ---- */

/* A thread's copy of an object has no data: methods on it report that. */
int rp_magic_dup(pTHX_ MAGIC *mg, CLONE_PARAMS *param) {
    PERL_UNUSED_CONTEXT;
    PERL_UNUSED_ARG(param);
    mg->mg_ptr = NULL;
    return 0;
}

void rp_magic_attach(RP_ SV *sv, MGVTBL *vtbl, void *ptr) {
    RP_USE;
    MAGIC *mg = sv_magicext(sv, NULL, PERL_MAGIC_ext, vtbl, (const char *)ptr, 0);
    mg->mg_flags |= MGf_DUP;
}

void *rp_magic_find(RP_ const SV *sv, const MGVTBL *vtbl) {
    RP_USE;
    const MAGIC *mg = SvTYPE(sv) >= SVt_PVMG ? mg_findext(sv, PERL_MAGIC_ext, vtbl) : NULL;
    return mg ? mg->mg_ptr : NULL;
}
