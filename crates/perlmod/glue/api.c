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
            node->i.nv = SvNVX(sv);
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
        node->i.nv = SvNVX(sv);
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
    /* newSVpvn in one function; room for the count that a shared buffer has */
    const size_t size = len < 23 ? 24 : (len + 9) / 16 * 16 + 8;
    SV *sv = newSV_type(SVt_PV);
    char *copy = (char *)safemalloc(size);
    XPV *body;
    Copy(ptr, copy, len, char);
    copy[len] = '\0';
    body = (XPV *)SvANY(sv);
    body->xpv_cur = len;
    body->xpv_len = size;
    SvPV_set(sv, copy);
    SvFLAGS(sv) |= SVf_POK | SVp_POK | (utf8 ? SVf_UTF8 : 0);
    return sv;
}

SV *rp_new_ref(RP_ SV *target) {
    RP_USE;
    /* newRV_noinc in one function */
    SV *sv = newSV_type(SVt_IV);
    SvRV_set(sv, target);
    SvROK_on(sv);
    return sv;
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
