package {{PACKAGE}};

# Finds lib{{LIB}}.so and the functions of this package in it. Written by perlmod.

{
    my ($file, $handle) = 'lib{{LIB}}.so';
    my @dirs = map {"$_/auto"} grep { !ref } @INC;
    unshift @dirs, grep {length} split /:/, $ENV{LD_LIBRARY_PATH} // '' if !${^TAINT};

    # built into perl; DynaLoader.pm is not needed for it
    DynaLoader::boot_DynaLoader('DynaLoader') if !defined &DynaLoader::dl_load_file;
    for my $path (grep {-f} map {"$_/$file"} @dirs) {
        $handle = DynaLoader::dl_load_file($path, 0)
            or die sprintf "cannot load '%s' into perl %vd: %s\n", $path, $^V,
            DynaLoader::dl_error();
        last;
    }
    die "cannot find $file (in: @dirs)\n" if !$handle;
    my $boot = DynaLoader::dl_find_symbol($handle, 'boot_{{SYMBOL}}')
        or die "$file has no package '{{PACKAGE}}'\n";
    local $^W = 0;    # installed anew in each interpreter
    DynaLoader::dl_install_xsub('{{PACKAGE}}::boot_{{SYMBOL}}', $boot)->('{{PACKAGE}}');
}

1;
