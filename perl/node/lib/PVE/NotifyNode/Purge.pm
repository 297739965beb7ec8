package PVE::NotifyNode::Purge;

# Deletes the tokens of the whole cluster. Each record goes under its lock, which the library takes:
# to add a target is to forget what was kept under its name, and the configuration in which that
# happens here is written nowhere.

use v5.36;

use PVE::NotifyNode::Targets;
use PVE::NotifyNode::Terminal;

my $DONE      = 0;
my $ATTENTION = 1;
my $MISUSE    = 2;

my sub complain ($cause, $fix) {
    PVE::NotifyNode::Terminal->complain($cause, $fix);
    return $ATTENTION;
}

my sub below ($dir) {
    opendir my $dh, $dir or return;
    my @names = sort grep { !/\A[.]{1,2}\z/ } readdir $dh;
    closedir $dh;
    return map {"$dir/$_"} @names;
}

# no link is followed
my sub delete_all ($path, $failed) {
    if (-d $path && !-l $path) {
        __SUB__->($_, $failed) for below($path);
        rmdir $path or push @$failed, "$path ($!)";
    } elsif (!unlink($path) && !$!{ENOENT}) {
        push @$failed, "$path ($!)";
    }
    return;
}

my sub record_of ($path) {
    return $path =~ m{/([A-Za-z0-9_-][A-Za-z0-9_.-]{0,63})[.]json\z} ? $1 : undef;
}

my sub message_of ($error) {
    my $text = ref $error eq 'HASH' ? $error->{message} : "$error";
    return $text =~ s/\s+\z//r;
}

my sub forget ($system, $name) {
    my $config = PVE::RS::Notify->parse_config('', '', '', '', { host => $system->{host} });
    $config->add_smtp($name, 'localhost', 25, 'tls', undef, undef, ['root@localhost'], undef,
        'root@localhost');
    $config->apply_oauth2_changes('root@pam');
    return;
}

my sub refusal ($system, $names, $losing) {
    my $count = @$losing;
    my $who   = PVE::NotifyNode::Terminal->names(@$losing);
    my $text  = sprintf "%d target%s must be authorized again%s\n", $count, $count == 1 ? '' : 's',
        $count ? ": $who" : '';
    print {*STDERR} $text;
    my $records = @$names;
    my $answer =
        PVE::NotifyNode::Terminal->confirm($system, "Delete the tokens of the cluster ($records)?");
    return $MISUSE                                              if !defined $answer;
    return complain('nothing was deleted', 'answer y to go on') if !$answer;
    return;
}

my sub log_it ($count) {
    require PVE::SafeSyslog;
    PVE::SafeSyslog::syslog('info', '%s',
        "pve-notify-node: OAuth2 tokens deleted (targets: $count)");
    return;
}

my sub is_ready ($system) {
    if (!$system->is_mounted) {
        complain("'/etc/pve' is not mounted", 'systemctl start pve-cluster');
        return 0;
    }
    return 1 if eval { require PVE::RS::Notify; 1 };
    my $dir = $system->state_dir;
    complain('the library cannot be loaded: ' . message_of($@), "rm -r '$dir'");
    return 0;
}

sub purge ($class, $system, $is_sure) {
    return $ATTENTION if !is_ready($system);

    # what comes into being after this look is of a new consent
    my $dir   = $system->state_dir;
    my @paths = below($dir);
    if (!@paths) {
        print "no tokens are stored\n";
        return $DONE;
    }
    my @names  = grep {defined} map { record_of($_) } @paths;
    my %has    = map  { $_ => 1 } @names;
    my @losing = grep { $has{ $_->{name} } && !$_->{'app-only'} }
        PVE::NotifyNode::Targets->oauth2($system)->@*;
    if (!$is_sure) {
        my $refused = refusal($system, \@names, \@losing);
        return $refused if defined $refused;
    }
    my @failed;
    for my $name (@names) {
        eval { forget($system, $name); 1 } or push @failed, "$name (" . message_of($@) . ')';
    }
    delete_all($_, \@failed) for grep { !defined record_of($_) } @paths;
    rmdir $dir;
    my @kept  = grep { lstat "$dir/$_.json" } @names;
    my $count = @names - @kept;
    push @failed, map {"$_ (its record is still there)"} @kept if !@failed;
    log_it($count) if $count;
    print "deleted: the tokens of $count of ${\scalar @names} targets\n";
    print "now revoke the application's access at the provider too: copies stay valid until then\n";
    return @failed
        ? complain("not deleted: @failed", 'check the quorum (pvecm status) and run it again')
        : $DONE;
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Purge - deletes the OAuth2 tokens of the cluster

=head1 DESCRIPTION

C<purge($system, $is_sure)> deletes all below F</etc/pve/priv/notification-oauth2>, unless the caller is
sure after a question that names the targets which must be authorized again. Returns an exit status.

=cut
