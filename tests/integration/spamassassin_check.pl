#!/usr/bin/perl
# Has messages rendered and SpamAssassin look at them, offline, and lists what it says of their form.
# usage: perl spamassassin_check.pl PROGRAM [COUNT [EVERY]]
# PROGRAM COUNT OUTDIR leaves OUTDIR/i.eml and OUTDIR/i.json, which says what was put in (message_corpus); every EVERY-th is
# looked at. A rule about the form of a message must not hit, but those that say what the caller wanted: no subject, no
# text, HTML only. Exit code 77 where SpamAssassin is missing.
use strict;
use warnings;
use File::Temp;

unless (eval { require Mail::SpamAssassin; require JSON::PP; 1 }) {
  print "skipped: no SpamAssassin; sh tests/tools/setup.sh readers installs it\n";
  exit 77;
}

# The rules on how a message is built. What else there is looks at words, names, hosts and networks.
my $form = qr/^(?:\w*MIME_\w+|\w*ENCOD\w+|\w*ILLEGAL\w*|\w*INVALID\w*|\w*MALF\w*|\w*MISSING_\w+|\w*CTYPE\w*|\w*BOUND\w*|
                  MPART_\w+|MIMEPART_\w+|DATE_\w+|MSGID_\w+|HEADER_\w+|BAD_\w+|NO_HEADERS_MESSAGE|EMPTY_MESSAGE|
                  DUP_SUSP_HDR|NULL_IN_BODY|CHARSET_\w+|TO_EQ_FROM_DIRECT|EXTRA_MPART_TYPE|TBIRD_SUSP_MIME_BDRY)$/x;

my ($program, $count, $every) = @ARGV;
die "usage: $0 PROGRAM [COUNT [EVERY]]\n" unless defined $program;
$count ||= 2000;
$every ||= 1;

my $temporary = File::Temp->newdir;
my $folder = "$temporary";
system($program, $count, $folder) == 0 or die "FAILED: $program\n";

my $state = "$folder/spamassassin";
mkdir $state;
my $checker = Mail::SpamAssassin->new({
  local_tests_only => 1,
  dont_copy_prefs => 1,
  userprefs_filename => "$state/prefs",
  userstate_dir => $state,
  # Nothing that learns, and nothing of a network.
  post_config_text => "use_bayes 0\nuse_auto_whitelist 0\nskip_rbl_checks 1\nuse_pyzor 0\nuse_razor2 0\n",
});
$checker->compile_now(0);

sub tests_of {
  my ($raw) = @_;
  my $message = $checker->parse($raw);
  my $status = $checker->check($message);
  my $tests = $status->get_names_of_tests_hit();
  $status->finish;
  $message->finish;
  return split /,/, $tests;
}
sub slurp {
  my ($name) = @_;
  open my $file, '<:raw', $name or die "$name: $!\n";
  local $/;
  return scalar <$file>;
}

# The rules do work: a message that breaks them is held against.
my %broken = map { $_ => 1 } tests_of("Subject: \xff\xfe\n\nx\n");
for my $rule (qw(MISSING_DATE MISSING_MID MISSING_FROM)) {
  die "FAILED: SpamAssassin does not say $rule of a message without\n" unless $broken{$rule};
}

my ($looked, $faults, %others) = (0, 0);
for (my $i = 0; $i < $count; $i += $every) {
  my $put = JSON::PP::decode_json(slurp("$folder/$i.json"));
  my $text = pack('H*', $put->{plain}) . pack('H*', $put->{enriched}) . pack('H*', $put->{calendar});
  my %wanted;
  $wanted{MISSING_SUBJECT} = pack('H*', $put->{subject}) !~ /\S/;
  (my $shown = pack('H*', $put->{plain} . $put->{enriched} . $put->{html})) =~ s/<[^>]*>//g;
  $wanted{EMPTY_MESSAGE} = $shown !~ /\S/;  # an invitation is no text to it
  $wanted{$_} = $put->{html} ne '' for qw(MIME_HTML_MOSTLY MPART_ALT_DIFF MPART_ALT_DIFF_COUNT);
  $wanted{MIME_HTML_ONLY} = $put->{html} ne '' && $put->{plain} eq '';
  my $raw = slurp("$folder/$i.eml");
  $wanted{NULL_IN_BODY} = $raw =~ /^Content-Transfer-Encoding: binary\r$/m;  # for servers that take it
  $wanted{T_MIME_MALF} = ("$text\n" . pack('H*', $put->{html})) =~ /Content-Type:/;
  ++$looked;
  for my $test (tests_of($raw)) {
    if ($test =~ $form && !$wanted{$test}) {
      print "message $i: $test\n" if ++$faults <= 40;
    } else {
      ++$others{$test};
    }
  }
}
print join(' ', 'of other kinds:', map { "$_ $others{$_}" } sort keys %others), "\n";
print "$looked messages looked at by SpamAssassin, $faults faults\n";
exit($faults || !$looked ? 1 : 0);
