/* How many scalars this interpreter has: what leaks shows here. */
#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"

IV perlmod_test_sv_count(void) {
    dTHX;
    PERL_UNUSED_CONTEXT;
    return PL_sv_count;
}
