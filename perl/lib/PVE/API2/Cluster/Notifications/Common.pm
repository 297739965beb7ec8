package PVE::API2::Cluster::Notifications::Common;

# What the modules of the notification API share: who may do what, the way to the configuration and
# back, the way an error of the library gets to the caller, and the parameters of every entry.

use v5.36;

use Exporter 'import';

use PVE::Exception;
use PVE::Notify;

our @EXPORT_OK = qw(
    readers writers endpoint_writers with_config change_config raise_api_error with_faults
    name_property comment_property disable_property origin_property warning_property
);

my $WHERE = '/mapping/notifications';

# Anybody who may change or look at notifications, or has one of these privileges too.
sub readers (@more) {
    return {
        check => ['or', map { ['perm', $WHERE, [$_]] } 'Mapping.Modify', 'Mapping.Audit', @more] };
}

sub writers () {
    return { check => ['perm', $WHERE, ['Mapping.Modify']] };
}

# An endpoint makes this machine connect to a server of the caller's choice.
sub endpoint_writers () {
    return {
        check => [
            'and',
            ['perm', $WHERE, ['Mapping.Modify']],
            [
                'or',
                ['perm', '/', ['Sys.Audit', 'Sys.Modify']],
                ['perm', '/', ['Sys.AccessNetwork']],
            ],
        ],
    };
}

sub raise_api_error ($error) {
    if (ref $error eq 'HASH' && $error->{code} && $error->{message}) {
        die PVE::Exception->new("$error->{message}\n", code => $error->{code});
    }
    die $error;
}

my sub or_raise ($code) {
    my $result;
    return $result if eval { $result = $code->(); 1 };
    return raise_api_error($@);
}

sub with_config ($code) {
    return or_raise(sub { return $code->(PVE::Notify::read_config()) });
}

# who calls, for what is put down about it
my sub user () {
    my $get = PVE::RPCEnvironment->can('get') or return 'root@pam';
    my $env = eval { $get->() };
    return $env && $env->get_user() // 'root@pam';
}

# What a change means for the grants of OAuth2 targets comes after the lock: it may have to wait for
# somebody who asks a provider.
sub change_config ($code) {
    my $change = sub {
        my $config = PVE::Notify::read_config();
        $code->($config);
        PVE::Notify::write_config($config);
        return $config;
    };
    return or_raise(sub {
        PVE::Notify::lock_config($change)->apply_oauth2_changes(user());
        return;
    });
}

# Adds to a list what is wrong with its entries: an `error` at those that are in it, and the entries
# that take no part because of it. $is_listed says whether an entry of this type belongs here.
sub with_faults ($entries, $config, $is_listed) {
    my $faults = $config->get_faults();
    my %entry  = @$faults ? map { $_->{name} => $_ } @$entries : ();
    for my $fault (@$faults) {
        my ($name, $type, $file) = $fault->@{qw(name type file)};
        next if !length $name || !$is_listed->($type);
        if (!$entry{$name}) {
            next if $file ne 'notifications.cfg';
            $entry{$name} =
                { name => $name, type => $type, origin => 'user-created', disable => 1 };
            push @$entries, $entry{$name};
        }
        my $error = "$file line $fault->{line}: $fault->{reason}";
        $entry{$name}{error} = join '; ', $entry{$name}{error} // (), $error;
    }
    return $entries;
}

sub name_property (%more) {
    return {
        description =>
            'The name of the entry. Endpoints and matchers share one name space; letters, '
            . 'digits, "-" and "_", a letter first.',
        type   => 'string',
        format => 'pve-configid',
        %more,
    };
}

sub comment_property () {
    return {
        description => 'Words for whoever reads the configuration; they take no part in any '
            . 'notification.',
        type      => 'string',
        maxLength => 128,
        optional  => 1,
    };
}

sub disable_property () {
    return {
        description => 'Switch the entry off without deleting it. A test ignores this.',
        type        => 'boolean',
        optional    => 1,
        default     => 0,
    };
}

sub origin_property () {
    return {
        description =>
            'Where the entry comes from: somebody made it, or every installation has it, '
            . 'as it was or changed.',
        type => 'string',
        enum => ['user-created', 'builtin', 'modified-builtin'],
    };
}

sub warning_property () {
    return {
        description => 'What an administrator should know of the settings although they work: that '
            . 'the password goes out without encryption (mode insecure).',
        type     => 'string',
        optional => 1,
    };
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Common - what the notification API's modules share

=head1 FUNCTIONS

=head2 readers(@privileges), writers(), endpoint_writers()

The C<permissions> of methods that read, that change matchers and that change endpoints.

=head2 with_config($code), change_config($code)

Run C<$code> with the configuration as it is, and with one that is written back afterwards, both
files being locked. Errors come out as C<raise_api_error> throws them.

=head2 raise_api_error($error)

Dies with a L<PVE::Exception> for a hash with C<message> and C<code>, and with the error itself for
anything else.

=head2 with_faults($entries, $config, $is_listed)

A list of entries with what is wrong in the files: text C<error> of an entry, and entries that are
switched off by it.

=head2 name_property(%more), comment_property(), disable_property(), origin_property(), warning_property()

Schemas that all kinds of entries have.

=cut
