# Parses a message with Perl's MIME::Parser: `_parse.pl MESSAGE`. Prints subject, text and HTML, each in Base64 on a line.
use strict;
use warnings;
use Encode qw(decode encode);
use MIME::Base64 qw(encode_base64);
use MIME::Parser;

my $parser = MIME::Parser->new;
$parser->output_to_core(1);
my $message = $parser->parse_open($ARGV[0]);
my $subject = $message->head->get('Subject', 0);
$subject =~ s/\r?\n(?=[ \t])//g;
chomp $subject;
print encode_base64(encode('UTF-8', decode('MIME-Header', $subject)), ''), "\n";
for my $type ('text/plain', 'text/html') {
    my ($part) = grep { $_->mime_type eq $type } $message->parts_DFS;
    print $part ? encode_base64($part->bodyhandle->as_string, '') : '', "\n";
}
