package Test::ConfigFiles;

# Checks files of the notification configuration by the list of keys that Proxmox VE 9.2 knows; the
# tests in Rust have the same list.

use v5.36;

use Encode qw(decode FB_CROAK);
use Exporter 'import';
use JSON::PP    ();
use Test::Peers qw(root);

our @EXPORT_OK = qw(faults_in faults_below);

my sub content ($path) {
    open my $fh, '<:raw', $path or return '';
    my $content = do { local $/ = undef; readline $fh };
    close $fh;
    return $content // '';
}

my $rules =
    JSON::PP->new->decode(content(root() . '/crates/notify/tests/configuration/keys.json'));

my sub faults_of_section ($rule, @lines) {
    my ($required, $single, $repeated) = map { $rule->{$_} // {} } qw(required single repeated);
    my (@faults, @keys);
    for my $line (@lines) {
        my ($key, $value) = $line =~ /\A\t([^ ]+) (.+)\z/s;
        if (!defined $key) {
            push @faults, "no property: $line";
            next;
        }
        my $pattern = $required->{$key} // $single->{$key} // $repeated->{$key};
        push @faults, "key used twice: $key" if !$repeated->{$key} && grep { $_ eq $key } @keys;
        push @faults, "bad value: $line"     if $value =~ /\A\s|\s\z|[[:cntrl:]]/;
        push @faults,
              !defined $pattern    ? "unknown key: $key"
            : $value !~ /$pattern/ ? "value not allowed: $line"
            :                        ();
        push @keys, $key;
    }
    my %has = map { $_ => 1 } @keys;
    push @faults, "keys not sorted: @keys" if "@keys" ne join ' ', sort @keys;
    push @faults, map {"missing key: $_"} grep { !$has{$_} } sort keys %$required;
    return @faults;
}

my sub faults_of_file ($file, $text) {
    return ()                       if $text eq '';
    return 'begins or ends wrongly' if $text !~ /\A[^\n].*[^\n]\n\z/s;
    my (@faults, %seen);
    for my $section (split /\n\n/, $text) {
        my ($header, @lines) = split /\n/, $section;
        my ($kind, $name) = $header =~ /\A([a-z]+): (.+)\z/ or do {
            push @faults, "no header: $header";
            next;
        };
        my $rule = $rules->{files}{$file}{$kind};
        push @faults, "name used twice: $name"
            if $seen{ $kind eq 'binding' ? "$kind $name" : $name }++;
        push @faults, "bad name: $name" if $name !~ /$rules->{name}/;
        push @faults, $rule ? faults_of_section($rule, @lines) : "unknown type: $kind";
    }
    return map {"$file: $_"} @faults;
}

sub faults_in (%text) {
    return map { faults_of_file($_, $text{$_}) } sort keys %text;
}

sub faults_below ($dir) {
    return faults_in(
        map { $_ => decode('UTF-8', content("$dir/$_"), FB_CROAK) }
            keys $rules->{files}->%*
    );
}

1;
