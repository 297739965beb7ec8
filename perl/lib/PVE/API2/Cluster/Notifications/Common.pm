package PVE::API2::Cluster::Notifications::Common;

# What the modules of the notification API share: who may do what, the way to the configuration and
# back, the way an error of the library gets to the caller, and the parameters of every entry.

use v5.36;

use Exporter 'import';

use PVE::API2::Cluster::Notifications::Message qw(with_plain_first_line);
use PVE::Exception;
use PVE::JSONSchema;
use PVE::Notify;
use PVE::RESTEnvironment qw(log_warn);

our @EXPORT_OK = qw(
    auth_id readers writers endpoint_writers with_config change_config raise_api_error oauth2_status
    with_errors with_faults list_of of_a_file name_property comment_property disable_property
    origin_property warning_property error_property may_read_words
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

my sub environment () {
    my $get = PVE::RPCEnvironment->can('get') or return;
    return eval { $get->() };
}

# who calls, in full: a user or an API token
sub auth_id () {
    my $env = environment();
    return $env && $env->get_user() // 'root@pam';
}

# What a server says may tell of more than its target: only for those who may choose the server.
sub may_read_words () {
    my $env = environment() or return 1;
    return $env->check(auth_id(), $WHERE, ['Mapping.Modify'], 1);
}

sub oauth2_status ($config) {
    return $config->get_oauth2_status(may_read_words() ? 0 : 1);
}

# The place of an exception is that of the method, which is what helps whoever reads a log.
sub raise_api_error ($error) {
    die with_plain_first_line($error) if !ref $error;
    die $error if ref $error ne 'HASH' || !$error->{code} || !$error->{message};
    my $level = 0;
    $level++ while (caller $level)[0] eq __PACKAGE__;

    my $message = $error->{message};
    my $open    = $error->{'without-details'};
    $message = $open if defined $open && !may_read_words();

    # as where a schema finds it, so that a form can mark the field
    my %errors    = $error->{errors} ? (errors => $error->{errors}) : ();
    my $exception = PVE::Exception->new(
        with_plain_first_line("$message\n"),
        code => $error->{code},
        %errors
    );
    $exception->@{qw(filename line)} = (caller $level)[1, 2];
    die $exception;
}

my sub or_raise ($code) {
    my $result;
    return $result if eval { $result = $code->(); 1 };
    return raise_api_error($@);
}

sub with_config ($code) {
    return or_raise(sub { return $code->(PVE::Notify::read_config()) });
}

# Whoever may change the nodes themselves could read a secret anyway.
my sub may_move_secrets () {
    my $env = environment() or return 1;
    return $env->check(auth_id(), '/', ['Sys.Modify'], 1);
}

my sub written ($code) {
    return PVE::Notify::lock_config(sub {
        my $config = PVE::Notify::read_config();
        $code->($config);
        $config->check_moved_secrets() if !may_move_secrets();
        $config->check_oauth2_handles(auth_id());
        PVE::Notify::write_config($config);
        return $config;
    });
}

# Of an entry without the grant that came with it nothing stays.
my sub take_back ($undo) {
    my $config;
    if (!eval { $config = written($undo); 1 }) {
        my $reason = ref $@ eq 'HASH' ? $@->{message} : $@;
        log_warn("the entry stays without its refresh token, it cannot be deleted: $reason");
        return;
    }

    # what could not be stored can seldom be deleted; the daily run sees to what stays
    eval { $config->apply_oauth2_changes(auth_id()); 1 } or return;
    return;
}

# What a change means for the grants of OAuth2 targets comes after the lock: it may have to wait for
# somebody who asks a provider. $undo takes the change back where that fails.
sub change_config ($code, $undo = undef) {
    return or_raise(sub {
        my $config = written($code);
        my $warnings;
        if (!eval { $warnings = $config->apply_oauth2_changes(auth_id()); 1 }) {
            my $error = $@;
            take_back($undo) if $undo;
            die $error;
        }
        log_warn($_) for @$warnings;
        return;
    });
}

my %BUILTIN = map { $_ => 1 } qw(mail-to-root default-matcher);

my sub add_error ($entry, $fault) {
    my $error = "$fault->{file} line $fault->{line}: $fault->{reason}";
    $entry->{error} = join '; ', $entry->{error} // (), $error;
    return;
}

# Adds an `error` to the entries of a list that something is wrong with.
sub with_errors ($entries, $config) {
    my $faults = $config->get_faults();
    my %entry  = @$faults ? map { $_->{name} => $_ } @$entries : ();
    add_error($entry{ $_->{name} }, $_) for grep { $entry{ $_->{name} } } @$faults;
    return $entries;
}

# The same, and further entries for what is wrong besides: every fault is to be seen. Where it has no
# name of its own its place serves as one, which no entry can have. $is_listed says whether an entry
# of this type belongs here.
sub with_faults ($entries, $config, $is_listed) {
    my $faults = $config->get_faults();
    my %entry  = @$faults ? map { $_->{name} => $_ } @$entries : ();
    for my $fault (grep { $is_listed->($_->{type}) } @$faults) {
        my $name = length $fault->{name} ? $fault->{name} : "($fault->{file} line $fault->{line})";
        if (!$entry{$name}) {
            $entry{$name} = {
                name    => $name,
                type    => length $fault->{type} ? $fault->{type}     : 'unknown',
                origin  => $BUILTIN{$name}       ? 'modified-builtin' : 'user-created',
                disable => 1,
            };
            push @$entries, $entry{$name};
        }
        add_error($entry{$name}, $fault);
    }
    return $entries;
}

# A file may hold what no call would take, and it is read all the same: an answer promises types only.
sub of_a_file ($schema) {
    my %plain = map { $_ => $schema->{$_} }
        grep { exists $schema->{$_} } qw(description type optional default);
    $plain{items} = { type => $schema->{items}{type} } if $schema->{items};
    return \%plain;
}

# A node's own pvesh shows what the schema of a list declares, all of it and side by side. So that has
# only what fits a terminal, and the description says where the rest is explained.
my $STATE       = 'notification-state';
my $has_a_state = eval {
    PVE::JSONSchema::register_renderer($STATE,
        sub ($disable, @) { return $disable ? 'disabled' : 'enabled' });
    1;
};

sub list_of ($description, %more) {
    return {
        type  => 'array',
        items => {
            type        => 'object',
            description => $description,
            properties  => {
                name    => of_a_file(name_property()),
                comment => { of_a_file(comment_property())->%*, print_width => 20 },
                disable => {
                    of_a_file(disable_property())->%*, $has_a_state ? (renderer => $STATE) : (),
                },
                error => { error_property()->%*, print_width => 32 },
                %more,
            },
        },
        links => [{ rel => 'child', href => '{name}' }],
    };
}

sub name_property (%more) {
    return {
        description => 'Name of the entry: letters, digits, "-" and "_", a letter first. '
            . 'Endpoints and matchers share one name space.',
        type   => 'string',
        format => 'pve-configid',
        %more,
    };
}

sub comment_property () {
    return {
        description => 'Comment.',
        type        => 'string',
        maxLength   => 128,
        optional    => 1,
    };
}

sub disable_property () {
    return {
        description => 'Disable the entry without deleting it. A test ignores this.',
        type        => 'boolean',
        optional    => 1,
        default     => 0,
    };
}

sub origin_property () {
    return {
        description => 'Origin of the entry: user-created, builtin, or modified-builtin '
            . '(a changed builtin entry).',
        type => 'string',
        enum => ['user-created', 'builtin', 'modified-builtin'],
    };
}

sub error_property () {
    return {
        description => 'Error in the configuration of the entry: file, line and reason. '
            . 'The entry is ignored until this is fixed.',
        type     => 'string',
        optional => 1,
    };
}

sub warning_property () {
    return {
        description => 'Warning about settings that work: the password is sent without TLS (mode '
            . 'insecure), or the provider ends password logins.',
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

=head2 auth_id()

Who calls: a user or an API token, in full.

=head2 with_config($code), change_config($code, $undo)

Run C<$code> with the configuration as it is, and with one that is written back afterwards, both
files being locked. Errors come out as C<raise_api_error> throws them. C<$undo> changes the configuration
back where it was written, but what the change means for a grant could not be done.

=head2 raise_api_error($error)

Dies with a L<PVE::Exception> for a hash with C<message> and C<code>, and with the error itself for
anything else. Where the hash has C<errors>, texts by parameter, the exception has them too. The first
line of a text is one that HTTP bears (see L<PVE::API2::Cluster::Notifications::Message>). A caller without
Mapping.Modify gets C<without-details> of the hash in place of C<message>. C<filename> and C<line> of the
exception are where this module was called.

=head2 oauth2_status($config)

The status of the targets that log in with OAuth2, by name; for a caller without Mapping.Modify without the
words of providers and mail servers.

=head2 with_errors($entries, $config)

A list of entries with text C<error> of those that something is wrong with.

=head2 with_faults($entries, $config, $is_listed)

The same, and an entry that is switched off for everything else that is wrong in the files; without
name or type of its own it is called C<(FILE line NUMBER)>, of type C<unknown>.

=head2 of_a_file($schema)

Of the schema of a parameter what holds for any value that a file may have.

=head2 list_of($description, %more)

The schema of a list of entries, with what its text shows and C<%more>; C<$description> says what else
an entry has.

=head2 name_property(%more), comment_property(), disable_property(), origin_property(), warning_property(),
error_property()

Schemas that all kinds of entries have.

=cut
