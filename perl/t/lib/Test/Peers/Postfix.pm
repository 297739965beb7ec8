package Test::Peers::Postfix;

# Postfix as a submission server, which delivers to a Maildir of its own. Dovecot checks its logins.
# Its mailboxes are ann@example.org and ben@example.org.

use v5.36;

use parent 'Test::Peers::MailSystem';

use File::Path qw(make_path);

my $POSTFIX = 103;
my $MAILBOX = 5000;

# Options: Test::Peers::Dovecot, and more lines of main.cf as a hash.
sub new ($class, %option) {
    my $self = $class->prepare;
    my $dir  = $self->{dir};
    $self->@{qw(login password)} = $option{dovecot}->@{qw(login password)};
    make_path("$dir/etc", "$dir/queue/pid", "$dir/data", "$dir/mail");
    my @private = map {"$dir/queue/$_"}
        qw(active bounce corrupt defer deferred flush hold incoming private saved trace);
    my @shared = map {"$dir/queue/$_"} qw(maildrop public);
    make_path(@private, @shared);
    chown($POSTFIX, 0, "$dir/data", @private, @shared) or die "queue: $!\n";
    chmod(0700, @private, "$dir/data")                 or die "queue: $!\n";
    chown($MAILBOX, $MAILBOX, "$dir/mail")             or die "mail: $!\n";
    $self->put('etc/main.cf', main($self, $option{dovecot}->sasl, ($option{settings} // {})->%*));
    my $configure = sub { $self->put('etc/master.cf', master($self)) };
    return $self->launch(
        ['starttls', 'tls'],
        $configure, '/usr/lib/postfix/sbin/master',
        '-d', '-c', "$self->{home}/etc"
    );
}

sub mails ($self) {
    return $self->maildir('mail/all');
}

sub main ($self, $sasl, %more) {
    my $home = $self->{home};
    my $more = join '', map {"$_ = $more{$_}\n"} sort keys %more;
    return <<"END";
compatibility_level = 3.6
queue_directory = $home/queue
data_directory = $home/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = $home/log
maillog_file_prefixes = $home
myhostname = localhost
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = $home/mail
virtual_mailbox_maps = inline:{ann\@example.org=all/ ben\@example.org=all/}
virtual_uid_maps = static:$MAILBOX
virtual_gid_maps = static:$MAILBOX
default_transport = error:no outbound mail
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $sasl
smtpd_sasl_security_options = noanonymous
smtpd_tls_cert_file = $home/server.crt
smtpd_tls_key_file = $home/server.key
smtpd_tls_auth_only = yes
smtpd_error_sleep_time = 0
$more
END
}

sub master ($self) {
    return <<"END";
127.0.0.1:$self->{starttls} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
127.0.0.1:$self->{tls} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
END
}

1;
