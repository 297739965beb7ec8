package Test::Notifications::Common;

# What the rows of several tables have in common.

use v5.36;

use Exporter 'import';
use MIME::Base64 qw(encode_base64);

our @EXPORT_OK = qw(
    canaries base64 %canary @mail_to_root @default_matcher $root_target %smtp_least $missing $unknown
    $recipient
);

# secrets that no answer may have
our %canary = map { $_ => "canary-$_" } qw(token password client-secret changed-token webhook);

sub canaries () {
    return map { ($_, encode_base64($_, '')) } values %canary;
}

sub base64 ($text) { return encode_base64($text, '') }

our @mail_to_root = (
    comment       => q{Send mails to root@pam's email address},
    'mailto-user' => ['root@pam'],
    name          => 'mail-to-root',
    origin        => 'builtin',
);
our @default_matcher = (
    comment => 'Route all notifications to mail-to-root',
    mode    => 'all',
    name    => 'default-matcher',
    origin  => 'builtin',
    target  => ['mail-to-root'],
);
our $root_target = {
    name    => 'mail-to-root',
    type    => 'sendmail',
    origin  => 'builtin',
    comment => q{Send mails to root@pam's email address},
};
our $missing = 'property is missing and it is not optional';
our $unknown =
    'property is not defined in schema and the schema does not allow additional properties';
our $recipient = 'must at least provide one recipient, either in mailto or in mailto-user';

# what an SMTP target needs at least
our %smtp_least = (server => 'mail.example.org', 'from-address' => 'node@example.org');

1;
