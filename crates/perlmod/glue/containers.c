/* Arrays and hashes: calls into perl that cannot die, as in api.c.
 */
#include "glue.h"

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
