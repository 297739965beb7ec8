//! The attributes of perlmod.
