package PVE::Notify;

# The name by which all know these functions. On a PVE node a guard stands in the place of this file.

use v5.36;

use PVE::Notify::Main;

PVE::Notify::Main::install();

1;

__END__

=head1 NAME

PVE::Notify - reads, writes and locks the notification configuration, and sends

=head1 SYNOPSIS

    PVE::Notify::error('vzdump', $data, { type => 'vzdump', hostname => $hostname });

    my $config = PVE::Notify::read_config();

    PVE::Notify::lock_config(sub {
        my $config = PVE::Notify::read_config();
        # change it
        PVE::Notify::write_config($config);
    });

=head1 FUNCTIONS

Further arguments are ignored.

=head2 read_config()

The configuration as a L<PVE::RS::Notify> object. Dies where a file cannot be read or parsed. An
entry that is faulty is ignored; it is listed by C<get_faults>, and logged once for each state of the
files on this machine.

=head2 write_config($config)

Writes F<notifications.cfg>, F<priv/notifications.cfg> and, where there is a target with OAuth2, the
two F<notifications-ext.cfg>, which are removed with the last one. Where several of them change, what they become
is written to F<priv/notifications-pending.cfg> first, so that the next C<read_config> completes a change
that was cut short. Call it inside C<lock_config>: there it also removes what a writer has left that was killed.

=head2 lock_config($code, $timeout)

Runs C<$code> while the files are locked and returns its result. C<$timeout> is the time in seconds
to wait for each lock (default 10). An error of the code passes unchanged, an error of the locking
starts with C<cfs-lock>.

=head2 notify($severity, $template, $data, $fields, $config)

Sends a notification: C<$severity> is C<info>, C<notice>, C<warning>, C<error> or C<unknown>,
C<$template> the name of its template, C<$data> what that is filled with, C<$fields> what matchers
look at. C<$config> is read if it is not given. What did not arrive is logged. Returns the outcomes,
an array of hashes: C<target>, C<attempts> and C<recipients>, each with C<recipient> (a mail address,
if there is one), C<outcome> (C<sent>, C<unsent>, C<refused> or C<unknown>) and C<reason>.

=head2 info, notice, warning, error ($template, $data, $fields, $config)

The same with this severity.

=head2 log_delivery($delivery)

Logs what C<send> or C<test_target> of the configuration has returned, and returns the outcomes.

=head2 refresh_oauth2_state()

The daily run: refreshes the access token of every target with OAuth2 whose refresh token would expire
unused or whose last refresh failed, independently of the others, logs what failed and tells the
administrators of targets that have stopped working. Returns an array
of hashes: C<target>, C<refreshed>, C<error> and C<health> (as the API's status of an endpoint).

=head2 cluster_name()

The name of the cluster, by F<corosync.conf>; undef where there is none.

=head2 common_template_data()

C<hostname>, C<fqdn> and, in a cluster, C<cluster-name>, for the data of a template.

=head2 check_may_use_target($target, $rpcenv)

Dies with 403 unless the user has C<Mapping.Use> on F</mapping/notifications/NAME> (or, as it was
once checked, F</mapping/notification/NAME>) of this target or matcher and of all its targets.

=head2 set_host({ kind => 'standalone', 'config-dir' => $dir })

Tells that this machine is not a PVE node; C<vendor-templates> may name the folder of its mail
templates. Entry points of such a host call it once, before the first C<read_config>.

=cut
