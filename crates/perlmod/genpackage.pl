#!/usr/bin/perl

# Writes the .pm files of a library made with perlmod: the library package,
# which finds, loads and bootstraps the shared object, and a stub for each
# package in it. `genpackage.pl --help` shows the options.

use v5.36;

use File::Basename qw(dirname);
use File::Path     qw(make_path);
use Getopt::Long   qw(GetOptions);

my $NOTES = '.note.perlmod.package';

my $USAGE = <<'END';
usage: genpackage.pl --lib=NAME --lib-package=PKG --lib-prefix=PREFIX --lib-tag=TAG
                     [--from-notes=LIB] [--include-file=FILE]... [--outdir=DIR] [PACKAGE]...
       genpackage.pl --list-from-notes=LIB

  --lib=NAME              the library is libNAME.so; with `-` only stubs are written
  --lib-package=PKG       the Perl package that loads the library
  --lib-prefix=PREFIX     the product that the library belongs to
  --lib-tag=TAG           libraries of one tag share a process: the first one loaded is used
  --from-notes=LIB        stubs for the packages that the library file names
  --list-from-notes=LIB   print these packages
  --include-file=FILE     Perl code that becomes part of the library package
  --outdir=DIR            where to write, default is the current directory
END

my $LIBRARY = <<'END';
package {{PACKAGE}};

# Finds, loads and bootstraps {{FILE}}. Written by genpackage.pl.
# No pragmas: loading strict.pm and warnings.pm takes longer than loading the library.

my $known;

sub library {
    return $known->{'{{LIB}}'} if $known && $known->{'{{LIB}}'};

    # twice, as perl -w complains of a name that is used once
    $known = \%{$_} for ('main::{{TAG}}-rs-library') x 2;
    return $known->{'{{LIB}}'} if $known->{'{{LIB}}'};

    my @dirs = map { "$_/auto" } grep { !ref } @INC;
    unshift @dirs, grep { length } split /:/, $ENV{LD_LIBRARY_PATH} // ''
        if !${^TAINT};
    my @closed;
    for my $dir (@dirs) {
        my $path = "$dir/{{FILE}}";
        if (!-f $path) {
            push @closed, $dir if $! == 13;    # EACCES; Errno.pm is not needed for it
            next;
        }

        # built into perl; DynaLoader.pm and Config.pm are not needed for it
        DynaLoader::boot_DynaLoader('DynaLoader') if !defined &DynaLoader::dl_load_file;
        my $handle = DynaLoader::dl_load_file($path, 0)
            or die sprintf "cannot load '%s' into perl %vd (it was built for perl {{PERL}}): %s\n",
            $path, $^V, DynaLoader::dl_error();
        $known->{'{{LIB}}'} = $handle;
        $known->{'-current'} //= '{{LIB}}';
        $known->{'-package'} //= __PACKAGE__;
        return $handle;
    }
    die "cannot find {{FILE}} (in: @dirs)",
        (map {"; user $> may not look into $_"} @closed), "\n";
}

# Makes the functions of a package known to this interpreter.
sub bootstrap {
    my ($class, $package) = @_;
    $package //= $class;
    my $symbol = 'boot_' . $package =~ s/::/__/gr;
    my $boot = DynaLoader::dl_find_symbol(library(), $symbol)
        or die "{{FILE}} has no package '$package'\n";
    local $^W = 0;    # installed anew in each interpreter
    return DynaLoader::dl_install_xsub("${class}::$symbol", $boot)->($package);
}
{{INCLUDES}}
library();
bootstrap(__PACKAGE__)
    if DynaLoader::dl_find_symbol(library(), 'boot_{{SYMBOL}}', 1);
__PACKAGE__->init() if __PACKAGE__->can('init');

1;
END

my $STUB = <<'END';
package {{PACKAGE}};

# Functions of {{FILE}}. Written by genpackage.pl.

require {{LIBPACKAGE}};
{{LIBPACKAGE}}->bootstrap(__PACKAGE__);

1;
END

exit main();

sub main () {
    my (%option, @includes);
    my @names = qw(
        lib=s lib-package=s lib-prefix=s lib-tag=s from-notes=s list-from-notes=s
        outdir=s debug-libpath=s help
    );
    GetOptions(\%option, @names, 'include-file=s' => \@includes) or die $USAGE;
    if ($option{help}) {
        print $USAGE;
        return 0;
    }
    if (defined(my $file = $option{'list-from-notes'})) {
        say for packages_in($file);
        return 0;
    }
    for my $name (qw(lib lib-package lib-prefix lib-tag)) {
        die "option --$name is missing\n$USAGE" if !length($option{$name} // '');
    }
    check_package($option{'lib-package'});
    die "--lib-tag: not a tag: '$option{'lib-tag'}'\n" if $option{'lib-tag'} !~ /\A[\w-]+\z/;
    die "--lib: not a library name: '$option{lib}'\n"  if $option{lib} !~ /\A(?:-|\w[\w-]*)\z/;

    my @packages = @ARGV;
    push @packages, packages_in($option{'from-notes'}) if defined $option{'from-notes'};
    my %seen;
    @packages = grep { !$seen{$_}++ } @packages;
    check_package($_) for @packages;

    my $lib_package = $option{'lib-package'};
    my %values      = (
        LIB        => $option{lib},
        FILE       => $option{lib} eq '-' ? $lib_package : "lib$option{lib}.so",
        PERL       => sprintf('%vd', $^V),
        TAG        => $option{'lib-tag'},
        LIBPACKAGE => $lib_package,
    );
    my $outdir = $option{outdir} // '.';

    if ($option{lib} ne '-') {
        my $included = join '', map { "\n" . slurp($_) } @includes;
        my $symbol   = $lib_package =~ s/::/__/gr;
        write_package($outdir, $lib_package, $LIBRARY,
            { %values, INCLUDES => $included, SYMBOL => $symbol },
        );
    }
    for my $package (grep { $_ ne $lib_package } @packages) {
        write_package($outdir, $package, $STUB, \%values);
    }
    return 0;
}

sub check_package ($package) {
    die "not the name of a package: '$package'\n" if $package !~ /\A[A-Za-z_]\w*(?:::\w+)*\z/a;
    return;
}

sub write_package ($outdir, $package, $template, $values) {
    my $path = "$outdir/" . ($package =~ s{::}{/}gr) . '.pm';
    my %all  = (%$values, PACKAGE => $package);
    my $text = $template =~ s/\{\{(\w+)\}\}/$all{$1}/gr;
    make_path(dirname($path));
    open(my $file, '>', "$path.new") or die "cannot write '$path.new': $!\n";
    print {$file} $text;
    close($file)               or die "cannot write '$path.new': $!\n";
    rename("$path.new", $path) or die "cannot rename '$path.new': $!\n";
    return;
}

sub slurp ($path) {
    open(my $file, '<:raw', $path) or die "cannot read '$path': $!\n";
    my $content = do { local $/ = undef; <$file> };
    close($file) or die "cannot read '$path': $!\n";
    return $content;
}

# The names in the notes of a shared object.
sub packages_in ($path) {
    my $notes = note_section($path, slurp($path));
    my @names;
    while (length $notes) {
        die "'$path' has a broken section $NOTES\n" if length $notes < 12;
        my ($name_size, $desc_size) = unpack 'L L', substr($notes, 0, 12, '');
        die "'$path' has a broken section $NOTES\n" if $name_size + $desc_size > length $notes;
        my $name = substr($notes, 0, $name_size);
        substr($notes, 0, padded($name_size) + padded($desc_size)) = '';
        push @names, $name =~ s/\0+\z//r;
    }
    return @names;
}

sub padded ($size) { return ($size + 3) & ~3 }

# The section with the notes, of an ELF file in this machine's byte order.
sub note_section ($path, $elf) {
    my ($magic, $class) = unpack 'a4 C', $elf;
    die "'$path' is not an ELF file\n" if ($magic // '') ne "\x7fELF" || length $elf < 64;
    my ($table, $size, $count, $names) =
        $class == 2
        ? unpack('x40 Q x10 S S S', $elf)
        : unpack('x32 L x10 S S S', $elf);
    my @sections = map {
        my $header = substr($elf, $table + $_ * $size, $size);
        my ($name, $offset, $length) =
            $class == 2
            ? (unpack 'L x20 Q Q', $header)
            : (unpack 'L x12 L L', $header);
        { name => $name, offset => $offset, length => $length };
    } 0 .. $count - 1;
    my $strings = substr($elf, $sections[$names]{offset}, $sections[$names]{length});
    for my $section (@sections) {
        next if unpack('Z*', substr($strings, $section->{name})) ne $NOTES;
        return substr($elf, $section->{offset}, $section->{length});
    }
    die "'$path' has no section $NOTES: there is no package in it\n";
}
