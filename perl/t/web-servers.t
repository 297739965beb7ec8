#!/usr/bin/perl

# Gotify and webhook targets against a real web server over TLS: directly, and through a real proxy.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP     qw(decode_json);
use MIME::Base64 qw(encode_base64);
use Test::More;
use Test::NotifyHost qw(put_file);
use Test::Peers      qw(host_dir root);
use Test::Peers::Tinyproxy;
use Test::Peers::Web;

require PVE::RS::Notify;

my $web = Test::Peers::Web->new;
my $dir = host_dir();

my sub b64 ($text) {
    return encode_base64($text, '');
}

# one target for everything; `$add` makes it
my sub config ($add) {
    my $host = {
        kind               => 'standalone',
        'config-dir'       => "$dir/config",
        'vendor-templates' => root() . '/templates',
    };
    my $config = PVE::RS::Notify->parse_config('', '', undef, undef, { host => $host });
    $add->($config);
    return $config;
}

my sub gotify ($token) {
    return config(sub ($config) {
        $config->add_gotify_endpoint('phone', $web->url, $token);
    });
}

my sub webhook () {
    my %hash = (
        name   => 'hook',
        url    => $web->url . '/hooks/{{ secrets.key }}?from=pve',
        method => 'put',
        header => ['name=X-Title,value=' . b64('{{ title }}')],
        body   => b64('{"text": "{{ escape message }}", "key": "{{ secrets.key }}"}'),
        secret => ['name=key,value=' . b64('p4ss-cAnArY')],
    );
    return config(sub ($config) {
        $config->add_webhook_endpoint(\%hash);
    });
}

# both kinds arrive as they should
my sub arrives () {
    is gotify('t0ken-cAnArY')->test_target('phone')->{targets}[0]{recipients}[0]{outcome}, 'sent',
        'sent to Gotify';
    my ($method, $path, $field, $body) = $web->request;
    is "$method $path",          'POST /message', 'method and path';
    is $field->{'x-gotify-key'}, 't0ken-cAnArY',  'the token';
    like decode_json($body)->{message}, qr/phone/, 'the message';

    is webhook()->test_target('hook')->{targets}[0]{recipients}[0]{outcome}, 'sent',
        'sent to the webhook';
    ($method, $path, $field, $body) = $web->request;
    is "$method $path", 'PUT /hooks/p4ss-cAnArY?from=pve', 'method and path';
    like $field->{'x-title'}, qr/\S/, 'the header field';
    my $value = decode_json($body);
    is $value->{key}, 'p4ss-cAnArY', 'the secret';
    like $value->{text}, qr/hook/, 'the message';
    return;
}

subtest 'directly' => \&arrives;

subtest 'a refusal is told in the words of the server' => sub {
    ok !eval { gotify('wr0ng-cAnArY')->test_target('phone'); 1 }, 'refused';
    like $@->{message}, qr/http status: 401: .*; server says: "<masked> is no token"/,
        'with the reason';
    $web->request;
};

subtest 'through a proxy' => sub {
    if (my $missing = Test::Peers::Tinyproxy->missing) {
        BAIL_OUT($missing) if $ENV{CI};
        plan skip_all => $missing;
    }
    my $proxy = Test::Peers::Tinyproxy->new;
    put_file($dir, 'datacenter.cfg', 'http_proxy: ' . $proxy->url . "\n");
    arrives();
    is $proxy->connects("localhost:$web->{port}"), 2, 'the log of the proxy has both';
    $proxy->stop_it;
    ok !eval { gotify('t0ken-cAnArY')->test_target('phone'); 1 }, 'no way past it';
    like $@->{message}, qr/http_proxy in datacenter[.]cfg/, 'the setting is named';
};

subtest 'a certificate of nobody we trust' => sub {
    unlink "$dir/config/datacenter.cfg";
    local $ENV{SSL_CERT_FILE} = '/etc/ssl/certs/ca-certificates.crt';
    ok !eval { webhook()->test_target('hook'); 1 }, 'refused';
    like $@->{message},   qr/unknown issuer/, 'with the reason';
    unlike $@->{message}, qr/cAnArY/,         'no secret';
};

done_testing();
