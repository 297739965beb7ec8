package PVE::Notify;

# Stands in for a node's own PVE::Notify: the same functions, and so much of what they do that a mail
# with a password goes out to an SMTP server without TLS.

use v5.36;

use IO::Socket::INET ();
use MIME::Base64     qw(encode_base64);
use PVE::Cluster     qw(cfs_register_file cfs_read_file cfs_write_file cfs_lock_file);

cfs_register_file(
    $_,
    sub ($name, $raw,  @) { return $raw // '' },
    sub ($name, $text, @) { return $text },
) for 'notifications.cfg', 'priv/notifications.cfg';

my sub value ($file, $key) {
    return cfs_read_file($file) =~ /^\t\Q$key\E[ ](.*)$/m ? $1 : die "no $key\n";
}

sub read_config () { return {} }
sub write_config ($config)                 {return}
sub lock_config  ($code, $timeout = undef) { return $code->() }

sub notify ($severity, $template, $data, $fields, $config = undef) {
    my $socket = IO::Socket::INET->new(
        PeerHost => value('notifications.cfg', 'server'),
        PeerPort => value('notifications.cfg', 'port'),
        Timeout  => 10,
    ) or die "no server: $@\n";
    my $login = join "\0", '', value('notifications.cfg', 'username'),
        value('priv/notifications.cfg', 'password');
    my $say = sub ($line, $want) {
        print {$socket} "$line\r\n" if length $line;
        my $reply = readline $socket;
        $reply = readline $socket while $reply =~ /\A[0-9]{3}-/;
        die "$reply\n" if $reply !~ /\A$want/;
    };
    $say->(@$_)
        for ['', 220], ['EHLO pve.example.org', 250],
        ['AUTH PLAIN ' . encode_base64($login, ''), 235],
        ['MAIL FROM:<pve@example.org>', 250], ['RCPT TO:<ann@example.org>', 250], ['DATA', 354],
        ["Subject: vendor\r\n\r\n$template\r\n.", 250], ['QUIT', 221];
    return;
}

sub info ($template, $data, $fields, $config = undef) {
    return notify('info', $template, $data, $fields, $config);
}

1;
