/* Looks into perl itself. */
#define PERL_NO_GET_CONTEXT
#include "EXTERN.h"
#include "perl.h"

/* How many scalars this interpreter has: what leaks shows here. */
IV perlmod_test_sv_count(void) {
    dTHX;
    PERL_UNUSED_CONTEXT;
    return PL_sv_count;
}

/* Calls a sub while perl's stack has room for one more value: how many of the
 * values that it returns lie beyond the stack's end. They are copied to a list. */
IV perlmod_test_full_stack(SV *sub, AV *returned) {
    dTHX;
    IV beyond;
    I32 count, i;
    dSP;
    PUSHSTACKi(PERLSI_UNKNOWN);
    while (PL_stack_sp < PL_stack_max - 1)
        *++PL_stack_sp = &PL_sv_undef;
    PUSHMARK(PL_stack_sp);
    count = call_sv(sub, G_LIST | G_EVAL);
    beyond = PL_stack_sp - PL_stack_max;
    for (i = 0; i < count; i++)
        av_push(returned, newSVsv(PL_stack_sp[i + 1 - count]));
    POPSTACK;
    return beyond > 0 ? beyond : 0;
}
