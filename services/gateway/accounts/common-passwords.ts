// The passwords of eight or more characters that attackers try first. Shorter ones are refused for their length.
//
// Why not a strength estimator: see “Libraries that were weighed” in infra/docs/contributing.md.

/** In lower case. */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
  00000000 0123456789 01234567 11111111 111111111 1111111111 11223344 112233445566 12121212 123123123 12312312
  12341234 123412341234 1234554321 123456123456 12345678 123456789 1234567890 12345678910 1234567891 123456789a
  123456789q 12345678a 123456abc 123456qwerty 1234qwer 123abc123 123qwe123 123qweasd 123qweasdzxc 12qwaszx 1a2b3c4d
  1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 1qazzaq1 20202020 2wsx3edc 22222222 55555555
  66666666 77777777 87654321 88888888 98765432 987654321 9876543210 99999999 a1b2c3d4 a1s2d3f4 a12345678 a123456789
  aa123456 aa12345678 aaaaaaaa abc12345 abc123456 abcd1234 abcd12345 abcdefgh abcdefghi abcdefg1 academia access14
  admin123 admin1234 admin12345 admin123456 administrator adminadmin alexander alexander1 amsterdam anderson asd12345
  asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl asdfghjkl1 babygirl babygirl1 backpack barcelona baseball baseball1
  basketball batman123 benjamin blink182 bluebird bulldogs butterfly butterfly1 caroline changeme changeme1 changeme123
  changeit charlie1 charlotte chocolate chocolate1 christian christopher cocacola computer computer1 corvette cowboys1
  creative daniel123 december default1 diamonds dolphins dragon123 dragonball einstein elephant elizabeth estrella
  facebook facebook1 fernando fireball firebird florence flower123 football football1 football123 forever1 freedom1
  fuckyou1 fuckyou123 gabriela garfield gateway1 george123 gfhjkmgfhjkm girlfriend godzilla goldfish goodluck google123
  guitar123 hallo123 hello123 hello1234 helloworld hellohello hercules iloveyou iloveyou1 iloveyou12 iloveyou2
  iloveyou123 infinity internet internet1 isabella jennifer jessica1 jonathan jordan23 justin123 killer123 kimberly
  lalalala leonardo letmein1 letmein123 letmeinnow liverpool liverpool1 loveyou1 lovelove loverboy madison1 manchester
  margarita marlboro master123 matrix123 maverick mercedes metallica michael1 michelle michelle1 midnight millions
  minecraft minecraft1 monkey123 mustang1 mynameis myspace1 naruto123 newyork1 nicholas ninja123 nirvana1 november
  omgpop123 p@55w0rd p@ssw0rd p@ssw0rd1 p@ssw0rd123 p@ssword p@ssword1 pa$$word pa55w0rd pa55word panasonic parola123
  pass1234 pass12345 pass123456 passpass passw0rd passw0rd1 passw0rd123 passwort password password! password0 password01
  password1 password1! password10 password11 password12 password123 password123! password1234 password12345
  password2 password3 password99 patricia phoenix1 pokemon123 portugal precious princess princess1 princess123
  q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx123 qazwsxedc qwaszx12 qwe12345 qwe123456 qweasdzxc qweqweqwe qwer1234
  qwerasdf qwert123 qwert1234 qwert12345 qwerty11 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty
  qwertyui qwertyuio qwertyuiop qwertyuiop1 rainbow1 realmadrid rocknroll root1234 samantha samsung1 samsung123
  scorpion secret12 secret123 security september serenity shadow123 sherlock slipknot softball spiderman spiderman1
  spongebob starcraft starwars starwars1 steelers strawberry success1 summer123 sunflower sunshine sunshine1 superman
  superman1 superman123 superstar swordfish temppass temp1234 test1234 test12345 test123456 testtest testing1
  testing123 test@123 thailand thuglife thunder1 tigger123 trinity1 trustno1 undertaker valentina vanessa1 vfhbyf123
  vendetta veronica victoria victoria1 voyager1 welcome1 welcome12 welcome123 welcome1234 westside whatever whatever1
  william1 williams winston1 winter123 wrestling wolverine xbox360live yankees1 zaq12wsx zaq1zaq1 zaqwsxcde zxcvbnm1
  zxcvbnm123 zxcvbnm, zxcvzxcv zzzzzzzz correcthorsebatterystaple
  `
    .trim()
    .split(/\s+/),
)
