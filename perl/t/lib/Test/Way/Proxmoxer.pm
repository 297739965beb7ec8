package Test::Way::Proxmoxer;

# A way to the API: the Python library proxmoxer and the real server. Of an error it shows what stands
# in the reason phrase, and nothing about single parameters.

use v5.36;

use IPC::Open2 qw(open2);
use JSON::PP   ();
use Test::Peers::NotifyHost;

my $json    = JSON::PP->new->utf8;
my $program = <<'END';
import json, sys
from proxmoxer import ProxmoxAPI, ResourceException
host = json.loads(sys.stdin.readline())
api = ProxmoxAPI('127.0.0.1', port=host['port'], user='admin@pve', token_name='try',
                 token_value=host['token'], verify_ssl=host['certificate'], timeout=40)
for line in sys.stdin:
    verb, path, parameters = json.loads(line)
    try:
        answer = {'code': 200, 'data': getattr(api(path), verb.lower())(**parameters)}
    except ResourceException as error:
        answer = {'code': error.status_code, 'message': error.content}
    print(json.dumps(answer), flush=True)
END

sub new ($class, $log) {
    my $host   = Test::Peers::NotifyHost->new({}, $log);
    my ($port) = $host->{url} =~ /:([0-9]+)\z/;
    my $pid    = open2(my $out, my $in, '/usr/bin/python3', '-c', $program);
    $in->autoflush(1);
    my $self = bless { dir => $host->{dir}, host => $host, in => $in, out => $out, pid => $pid },
        $class;
    $self->say_line({ port => $port, token => $host->{token}, certificate => $host->certificate });
    return $self;
}

sub say_line ($self, $data) {
    print { $self->{in} } $json->encode($data), "\n";
    return;
}

sub call ($self, $verb, $path, $param) {
    $self->say_line([$verb, substr($path, 1), $param]);
    local $SIG{ALRM} = sub { die "proxmoxer does not answer\n" };
    alarm 60;
    my $line = readline($self->{out}) // die "proxmoxer has ended\n";
    alarm 0;
    my $answer = $json->decode($line);
    delete $answer->{errors}   if !$answer->{errors};
    $answer->{message} .= "\n" if defined $answer->{message};
    return $answer;
}

sub hides_errors ($self) { return 1 }

# ends when its input does
sub DESTROY ($self) {
    close($self->{in});
    waitpid $self->{pid}, 0;
    return;
}

1;
