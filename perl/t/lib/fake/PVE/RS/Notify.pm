package PVE::RS::Notify;

# Stands in for the Rust library where a test is about the Perl around it. Each exchange is counted
# in the file that FAKE_NOTIFY_LOG names, one JSON array of the arguments a line. The client ID
# decides the answer.

use v5.36;

sub parse_config ($class, @args) {
    die { code => 400, message => 'not valid UTF-8' } if $args[0] eq 'broken';
    return bless { args => \@args }, $class;
}

sub args ($self) {
    return $self->{args};
}

sub write_config ($self) {
    return ("public \x{e4}\x{263a}\n", "private\n");
}

sub write_ext_config ($self) {
    return ($self->{args}[2], $self->{args}[3]);
}

sub needs_ext_config ($self) { return $self->{args}[3] =~ /^smtp/m ? 1 : 0 }

sub is_torn    ($self) { return $self->{args}[0] eq 'torn' ? 1 : 0 }
sub get_faults ($self) { return [] }

sub test_target ($self, $name) {
    die { code => 404, message => "endpoint '$name' does not exist" } if $name eq 'lost';
    return [{ target => $name }];
}

sub exchange_smtp_oauth2_code ($self, @args) {
    if (my $log = $ENV{FAKE_NOTIFY_LOG}) {
        require JSON::PP;
        open my $fh, '>>', $log or die "can't open '$log': $!\n";
        print {$fh} JSON::PP->new->canonical->utf8->encode(\@args), "\n";
        close $fh or die "can't write '$log': $!\n";
    }
    my $client_id = $args[1];
    die { code => 502, message => 'provider is down' } if $client_id eq 'down';
    die { code => 502 }                                if $client_id eq 'half-error';
    die "the library broke\n" if $client_id eq 'broken';
    return "refresh-token-of-$client_id";
}

1;
