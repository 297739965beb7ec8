/* The functions of crates/perlmod-test/src/bench.rs, written by hand in C: what
 * `make bench` measures the binding layer against.
 */
#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"

static char ascii[1000000];

/* Perl's data as it is, copied; for nothing but arrays, hashes, strings and integers. */
static SV *
copy_of(pTHX_ SV *from)
{
    if (SvROK(from) && SvTYPE(SvRV(from)) == SVt_PVAV) {
        AV *array = (AV *)SvRV(from);
        AV *to = newAV();
        SSize_t i;
        av_extend(to, AvFILLp(array));
        for (i = 0; i <= AvFILLp(array); i++)
            av_push(to, copy_of(aTHX_ AvARRAY(array)[i]));
        return newRV_noinc((SV *)to);
    }
    if (SvROK(from)) {
        HV *hash = (HV *)SvRV(from);
        HV *to = newHV();
        STRLEN i;
        for (i = 0; i <= HvMAX(hash); i++) {
            HE *entry;
            for (entry = HvARRAY(hash)[i]; entry; entry = HeNEXT(entry))
                (void)hv_store(to, HeKEY(entry), HeKLEN(entry), copy_of(aTHX_ HeVAL(entry)),
                    HeHASH(entry));
        }
        return newRV_noinc((SV *)to);
    }
    return SvPOK(from) ? newSVpvn(SvPVX(from), SvCUR(from)) : newSViv(SvIVX(from));
}

MODULE = BenchXS    PACKAGE = BenchXS

PROTOTYPES: ENABLE

BOOT:
    memset(ascii, 'a', sizeof ascii);

void
empty()
  CODE:

IV
add(a, b)
    IV a
    IV b
  CODE:
    RETVAL = a + b;
  OUTPUT:
    RETVAL

SV *
string(text)
    SV *text
  PREINIT:
    STRLEN len;
    const char *ptr;
  CODE:
    ptr = SvPV(text, len);
    RETVAL = newSVpvn_flags(ptr, len, SvUTF8(text));
  OUTPUT:
    RETVAL

void
fails()
  CODE:
    croak_sv(sv_2mortal(newSVpvs("it failed\n")));

SV *
ascii()
  CODE:
    RETVAL = newSVpvn(ascii, sizeof ascii);
  OUTPUT:
    RETVAL

SV *
copy(data)
    SV *data
  CODE:
    RETVAL = copy_of(aTHX_ data);
  OUTPUT:
    RETVAL
