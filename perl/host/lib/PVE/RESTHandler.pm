package PVE::RESTHandler;

# Base class of the API: a class registers its methods, a path leads through subclasses to one of
# them, `handle` checks the parameters and calls it. Who may call is not decided here: servers and
# the command line ask the environment with $info->{permissions} before they call `handle`.

use v5.36;

use PVE::JSONSchema;
use PVE::NotifyHost::KnownSchema;

my $MAX_PATH_PARTS = 32;

# `proxyto` means nothing on a host of its own: every method runs here
my %known_key = map { $_ => 1 }
    qw(name path method description permissions protected parameters returns code subclass allowtoken proxyto);

# class => methods, those with fixed path parts before those with placeholders
my %methods;

# What a node makes of two names for one part of a path is not known.
my sub check_path_names ($where, $path, $other) {
    my @other = split m{/}, $other;
    for my $part (split m{/}, $path) {
        my $others  = shift @other // return;
        my $is_name = $part =~ /\A\{/;
        die "$where: path '$path' names a part $part that others name $others\n"
            if $is_name && $others =~ /\A\{/ && $part ne $others;
        return if $part ne $others;
    }
    return;
}

sub register_method ($class, $info) {
    my $where = "method '" . ($info->{name} // $info->{subclass} // '?') . "' of $class";
    for my $key (sort keys %$info) {
        die "$where: unknown key '$key'\n" if !$known_key{$key};
    }
    die "$where: no path\n" if !defined $info->{path};
    if (!$info->{subclass}) {
        for my $key (qw(name method code parameters)) {
            die "$where: no $key\n" if !defined $info->{$key};
        }
        die "$where: unknown verb '$info->{method}'\n"
            if $info->{method} !~ /\A(?:GET|POST|PUT|DELETE)\z/;
    }
    for my $other (($methods{$class} // [])->@*) {
        die "$where: name given twice\n" if ($info->{name} // '') eq ($other->{name} // "\0");
        die "$where: path '$info->{path}' given twice\n"
            if $info->{path} eq $other->{path}
            && ($info->{subclass} || $other->{subclass} || $info->{method} eq $other->{method});
        check_path_names($where, $info->{path}, $other->{path});
    }
    for my $key (grep { defined $info->{$_} } qw(parameters returns)) {
        eval { PVE::NotifyHost::KnownSchema::check($info->{$key}, $key); 1 } or die "$where: $@";
    }

    # '{' sorts after every character that a fixed part may have
    my @all = sort { $a->{path} cmp $b->{path} } ($methods{$class} // [])->@*, $info;
    $methods{$class} = \@all;
    return;
}

sub map_method_by_name ($class, $name) {
    for my $info (($methods{$class} // [])->@*) {
        return $info if defined $info->{name} && $info->{name} eq $name;
    }
    die "no such method '${class}::$name'\n";
}

# the placeholders' values, or undef where the parts do not fit
my sub match_parts ($pattern, $parts, $whole) {
    my @pattern = split m{/}, $pattern;
    return if @pattern > @$parts || ($whole && @pattern != @$parts);
    my %found;
    for my $i (0 .. $#pattern) {
        if ($pattern[$i] =~ /\A\{(?<name>[\w-]+)\}\z/) {
            $found{ $+{name} } = $parts->[$i];
        } elsif ($pattern[$i] ne $parts->[$i]) {
            return;
        }
    }
    return \%found;
}

my sub find_in ($class, $method, $parts, $uri_param) {
    for my $info (($methods{$class} // [])->@*) {
        my $subclass = $info->{subclass};
        next if !$subclass && $info->{method} ne $method;
        my $found = match_parts($info->{path}, $parts, !$subclass) or next;
        $uri_param->@{ keys %$found } = values %$found;
        return ($class, $info) if !$subclass;
        my @used = split m{/}, $info->{path};
        return __SUB__->($subclass, $method, [$parts->@[@used .. $#$parts]], $uri_param);
    }
    return;
}

sub find_handler ($class, $method, $path, $uri_param = {}) {
    my @parts = grep {length} split m{/}, $path, $MAX_PATH_PARTS;
    return find_in($class, $method, \@parts, $uri_param);
}

# [path, info] of each method that can be reached from here, for a description of all
sub all_methods ($class, $prefix = '') {
    my @all;
    for my $info (($methods{$class} // [])->@*) {
        my $path = $info->{path} eq '' ? $prefix : "$prefix/$info->{path}";
        push @all, $info->{subclass}
            ? $info->{subclass}->all_methods($path)
            : [length $path ? $path : '/', $info];
    }
    return @all;
}

# What the checks have let through becomes untainted strings.
my sub untaint ($value) {
    return $value if !defined $value;
    if (ref $value eq 'HASH') {
        return { map { __SUB__->($_) => __SUB__->($value->{$_}) } keys %$value };
    }
    return [map { __SUB__->($_) } @$value] if ref $value eq 'ARRAY';
    my ($clean) = "$value" =~ /\A(.*)\z/s;
    return $clean;
}

# Forms cannot say "array": one value stands for a list of one, a list stands for its joined form.
my sub as_declared ($param, $properties) {
    my %param = %$param;
    for my $name (keys %param) {
        my $schema = $properties->{$name} or next;
        my $value  = $param{$name}   // next;
        my $type   = $schema->{type} // '';
        if ($type eq 'array' && !ref $value) {
            $param{$name} = [$value];
        } elsif ($type eq 'string'
            && ref $value eq 'ARRAY'
            && ($schema->{format} // '') =~ /-a?list\z/)
        {
            $param{$name} = join ',', @$value if !grep { ref || !defined } @$value;
        }
    }
    return \%param;
}

sub handle ($class, $info, $param = {}, $verify_result = 0) {
    my $schema = $info->{parameters};
    my $given  = as_declared($param, $schema->{properties} // {});
    PVE::JSONSchema::validate($given, { type => 'object', %$schema });
    my $result = $info->{code}->(untaint($given));
    if ($verify_result && $info->{returns}) {
        PVE::JSONSchema::validate($result, $info->{returns}, "Result verification failed.\n", 500);
    }
    return $result;
}

# Class->method_name($param) is a call of the registered method.
our $AUTOLOAD;

sub AUTOLOAD ($class, $param = {}, @) {
    my $name = $AUTOLOAD =~ s/.*:://r;
    return                             if $name eq 'DESTROY';
    die "no such method '$AUTOLOAD'\n" if ref $class;
    return $class->handle($class->map_method_by_name($name), $param);
}

1;

__END__

=head1 NAME

PVE::RESTHandler - base class of API modules

=head1 SYNOPSIS

    package PVE::API2::Example;
    use parent 'PVE::RESTHandler';

    __PACKAGE__->register_method({
        name => 'read',
        path => '{name}',
        method => 'GET',
        permissions => { user => 'all' },
        parameters => { additionalProperties => 0, properties => { name => { type => 'string' } } },
        returns => { type => 'string' },
        code => sub ($param) { return "hello $param->{name}" },
    });

    my $uri_param = {};
    my ($class, $info) = PVE::API2->find_handler('GET', '/example/world', $uri_param);
    my $result = $class->handle($info, $uri_param);

=head1 METHODS

=head2 register_method($info)

Keys: C<name>, C<path>, C<method> (GET, POST, PUT, DELETE), C<description>, C<permissions>,
C<protected>, C<allowtoken>, C<parameters>, C<returns>, C<code>; or C<path> and C<subclass>.

=head2 find_handler($method, $path, $uri_param)

The class and the info of the method that a path leads to, or nothing. The values of placeholders
go to C<$uri_param>. Fixed parts of a path win over placeholders.

=head2 all_methods()

Path and info of each method below, in a list of pairs.

=head2 handle($info, $param, $verify_result)

Checks the parameters, calls the method with strings only, and checks the result if asked to. Bad
parameters die with code 400, a bad result with 500 (see L<PVE::JSONSchema>).

=head2 map_method_by_name($name)

The info of a registered method. C<< Class->name($param) >> calls it.

=cut
