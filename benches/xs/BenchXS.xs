/* The functions of crates/perlmod-test/src/bench.rs, written by hand in C: what
 * `make bench` measures the binding layer against.
 */
#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"

static char ascii[1000000];

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
