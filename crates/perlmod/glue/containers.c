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
    AV *array = (AV *)av;
    if (LIKELY(AvREAL(array) && AvFILLp(array) < AvMAX(array)))
        AvARRAY(array)[++AvFILLp(array)] = sv;
    else
        av_push(array, sv);
}

/* Tells whether reading the value can run code: it has magic or leads on to
 * another container. Most values are plain strings, integers and references. */
PERL_STATIC_INLINE bool describe_value(RP_ SV *sv, rp_node *node) {
    const U32 all = SVf_IOK | SVf_NOK | SVf_POK | SVf_ROK | SVs_GMG | SVf_IVisUV;
    const U32 flags = LIKELY(sv) ? SvFLAGS(sv) : SVTYPEMASK;
    if (LIKELY((flags & SVTYPEMASK) <= SVt_PVMG)) {
        const U32 is = flags & all;
        if (is == SVf_POK) {
            node->kind = RP_STRING;
            node->flags = flags & SVf_UTF8 ? RP_F_UTF8 : 0;
            node->ptr = SvPVX_const(sv);
            __builtin_prefetch(node->ptr);
            node->len = SvCUR(sv);
            node->sv = sv;
            node->body = NULL;
            return FALSE;
        }
        if (is == SVf_IOK) {
            node->kind = RP_INT;
            node->flags = 0;
            node->i.iv = SvIVX(sv);
            node->sv = sv;
            node->body = NULL;
            return FALSE;
        }
        if (is == SVf_ROK) {
            SV *body = SvRV(sv);
            const U32 type = SvFLAGS(body) & (SVTYPEMASK | SVs_RMG);
            if (LIKELY(type == SVt_PVHV || type == SVt_PVAV)) {
                node->kind = type == SVt_PVHV ? RP_HASH : RP_ARRAY;
                node->flags = RP_F_REF;
                node->sv = sv;
                node->body = body;
                return TRUE;
            }
        }
    }
    rp_describe(RP_SELF, sv, node);
    return node->kind == RP_MAGIC || (node->flags & RP_F_REF);
}

size_t rp_array_nodes(RP_ SV *av, size_t start, rp_node *out, size_t max) {
    RP_USE;
    const SSize_t fill = AvFILLp((AV *)av);
    SV **items = AvARRAY((AV *)av);
    size_t n = 0;
    while (n < max && (SSize_t)(start + n) <= fill) {
        describe_value(RP_SELF, items[start + n], &out[n]);
        /* described soon, and mostly far away in memory */
        if (out[n].kind == RP_HASH) {
            __builtin_prefetch(SvANY(out[n].body));
            __builtin_prefetch(HvARRAY((HV *)out[n].body));
        }
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

/* The HEK whose text a key without a scalar is. */
static HEK *hek_of(const rp_key *key) {
    return (HEK *)(key->ptr - STRUCT_OFFSET(struct hek, hek_key));
}

static void hold_pairs(RP_ rp_pair *out, size_t count) {
    size_t i;
    RP_USE;
    for (i = 0; i < count; i++) {
        SV *key = newSVhek(hek_of(&out[i].key));
        /* may be stored in another way than the hash's own */
        out[i].key.sv = key;
        out[i].key.flags = SvUTF8(key) ? RP_F_UTF8 : 0;
        out[i].key.ptr = SvPVX_const(key);
        out[i].key.len = SvCUR(key);
        SvREFCNT_inc_simple_void(out[i].value.sv);
    }
}

/* Describes count pairs, without perl's own iterator, and returns how many it
 * has found. *held says that a value can run code (it has magic or leads on to
 * another container): the keys and values are held, and rp_hash_release must
 * follow. */
PERL_STATIC_FORCE_INLINE size_t
describe_pairs(RP_ HV *hv, rp_pair *const pairs, size_t count, int *held) {
    HE **bucket = HvARRAY(hv);
    HE **const stop = bucket + HvMAX(hv) + 1;
    rp_pair *const end = pairs + count;
    rp_pair *pair = pairs;
    RP_USE;
    *held = 0;
    if (UNLIKELY(!bucket))
        return 0;
    for (; bucket < stop; bucket++) {
        HE *he;
        for (he = *bucket; he; he = HeNEXT(he)) {
            SV *value = HeVAL(he);
            HEK *hek = HeKEY_hek(he);
            const I32 len = HEK_LEN(hek);
            const char *text = HEK_KEY(hek);
            const U32 utf8 = HEK_UTF8(hek) ? RP_F_UTF8 : 0;
            if (UNLIKELY(value == &PL_sv_placeholder))
                continue;
            if (UNLIKELY(pair == end))
                break;
            pair->key.ptr = text;
            pair->key.sv = NULL;
            pair->key.len = len;
            pair->key.flags = utf8;
            if (describe_value(RP_SELF, value, &pair->value))
                *held = 1;
            pair++;
        }
    }
    if (UNLIKELY(pair != end))
        count = pair - pairs;
    if (*held)
        hold_pairs(RP_SELF, pairs, count);
    return count;
}

/* All pairs; when there are more than max, only their number. */
size_t rp_hash_pairs(RP_ SV *sv, rp_pair *out, size_t max, int *held) {
    RP_USE;
    HV *hv = (HV *)sv;
    const size_t count = HvUSEDKEYS(hv);
    *held = 0;
    return count > max ? count : describe_pairs(RP_SELF, hv, out, count, held);
}

/* All pairs, in room of a call; pairs is NULL when there is too little of it. */
rp_walk rp_hash_open(RP_ rp_call *call, SV *sv) {
    RP_USE;
    HV *hv = (HV *)sv;
    const size_t count = HvUSEDKEYS(hv);
    rp_walk walk = {NULL, 0, 0, 0};
    int held;
    if (UNLIKELY(count > RP_PAIRS - call->pairs_used))
        return walk;
    walk.pairs = call->pairs + call->pairs_used;
    walk.count = describe_pairs(RP_SELF, hv, walk.pairs, count, &held);
    walk.used = call->pairs_used += walk.count;
    walk.held = held;
    return walk;
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

/* Keeps the text of a key without a scalar where it is until the call ends: 0
 * if that cannot be. The same key is kept once. */
int rp_lend_key(RP_ rp_call *call, const rp_key *key) {
    RP_USE;
    SV *sv;
    U32 i;
    for (i = 0; i < call->lent_count; i++) {
        sv = call->lent[i];
        /* one of ours, which nobody else can change */
        if (SvREFCNT(sv) == 1 && SvPVX_const(sv) == key->ptr)
            return 1;
    }
    if (call->lent_count == RP_LENT)
        return 0;
    sv = newSVhek(hek_of(key));
    if (SvPVX_const(sv) != key->ptr) {
        SvREFCNT_dec_NN(sv);
        return 0;
    }
    call->lent[call->lent_count++] = sv;
    return 1;
}

/* Stores into a hash without magic that is not restricted, and returns what was
 * there. len < 0: the key is UTF-8. */
PERL_STATIC_INLINE SV *exchange(RP_ SV *hv, const char *key, I32 len, SV *value) {
    RP_USE;
    HE *he = (HE *)hv_common(
        (HV *)hv, NULL, key, len < 0 ? -len : len, len < 0 ? HVhek_UTF8 : 0,
        HV_FETCH_LVALUE | HV_FETCH_EMPTY_HE, NULL, 0
    );
    SV *old = HeVAL(he);
    HeVAL(he) = value;
    return old;
}

/* The old value is freed when the caller's statement ends: Rust may be reading
 * it. */
void rp_hash_store(RP_ SV *hv, const char *key, I32 len, SV *value) {
    RP_USE;
    SV *old = exchange(RP_SELF, hv, key, len, value);
    if (old)
        sv_2mortal(old);
}

/* Only for a plain hash that Rust is filling: nobody has seen the old value. */
void rp_hash_add(RP_ SV *hv, const char *key, I32 len, SV *value) {
    RP_USE;
    SV *old = exchange(RP_SELF, hv, key, len, value);
    if (UNLIKELY(old))
        rp_release(RP_SELF, old);
}

/* A hash that has these keys and no values, and its slots in the order of a
 * walk through it; NULL if a key comes twice. */
SV *rp_shape(RP_ const rp_name *names, size_t count, rp_slot *slots) {
    RP_USE;
    HV *hv = newHV();
    size_t i, walked = 0;
    HE **bucket;
    /* half of perl's first choice: less memory for each copy, and perl itself
     * makes room when more keys come */
    if (count <= 4)
        HvMAX(hv) = 3;
    for (i = 0; i < count; i++) {
        const I32 len = names[i].len;
        HE *he = (HE *)hv_common(
            hv, NULL, names[i].ptr, len < 0 ? -len : len, len < 0 ? HVhek_UTF8 : 0,
            HV_FETCH_ISSTORE, SvREFCNT_inc_simple_NN(&PL_sv_undef), 0
        );
        slots[i].key = HeKEY_hek(he);
        slots[i].value = i;
    }
    if (HvUSEDKEYS(hv) != count) {
        SvREFCNT_dec_NN(hv);
        return NULL;
    }
    for (bucket = HvARRAY(hv); walked < count; bucket++) {
        HE *he;
        for (he = *bucket; he; he = HeNEXT(he)) {
            rp_slot slot;
            for (i = walked; slots[i].key != HeKEY_hek(he); i++)
                ;
            slot = slots[i];
            slots[i] = slots[walked];
            slots[walked++] = slot;
        }
    }
    return (SV *)hv;
}

/* Puts values to their keys wherever these are. */
static void put_values(HV *hv, const rp_slot *slots, SV *const *values, size_t count) {
    HE **bucket = HvARRAY(hv);
    HE **const stop = bucket + HvMAX(hv) + 1;
    for (; bucket < stop; bucket++) {
        HE *he;
        for (he = *bucket; he; he = HeNEXT(he)) {
            size_t i;
            for (i = 0; i < count; i++)
                if (slots[i].key == HeKEY_hek(he))
                    HeVAL(he) = values[slots[i].value];
        }
    }
}

/* A hash that has a shape's keys and these values. Copying shares the keys and
 * does not count the immortal undef that stands for each value. It keeps the
 * order as well, but that is nowhere promised. */
SV *rp_hash_like(RP_ SV *shape, const rp_slot *slots, SV *const *values, size_t count) {
    RP_USE;
    HV *hv = newHVhv((HV *)shape);
    HE **bucket = HvARRAY(hv);
    const rp_slot *slot = slots;
    const rp_slot *const end = slots + count;
    /* not copied, but trusted by those who store hashes */
    if (HvHASKFLAGS((HV *)shape))
        HvHASKFLAGS_on(hv);
    while (slot < end) {
        HE *he;
        for (he = *bucket++; he; he = HeNEXT(he)) {
            if (UNLIKELY(slot == end || slot->key != HeKEY_hek(he))) {
                put_values(hv, slots, values, count);
                return (SV *)hv;
            }
            HeVAL(he) = values[slot++->value];
        }
    }
    return (SV *)hv;
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
