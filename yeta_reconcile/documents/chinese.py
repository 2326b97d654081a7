"""Whether text that can be read as GB18030 is Chinese: almost any bytes can, and give characters.

Pure. Measured on lists of names, addresses and companies, of which one to a hundred rows were written in each
encoding and read as GB18030: of the Chinese ones nine tenths of the characters are frequent, and half in the
shortest list of one odd name; of Big5, Shift-JIS, EUC-KR and cp1252 a quarter at most, but in the shortest.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# What lists in Chinese are made of: the most frequent characters, those of names, places and headers.
_FREQUENT = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里"
    "后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从"
    "动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给"
    "等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入"
    "先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感"
    "金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林"
    "题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往"
    "展该领传近留红治决周保达办运武半候七必城父强步完革深区即求品士转量空甚众技轻程告江语英基派满式李"
    "息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改议形委早房音火际则首单据导"
    "影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离坏兴切医土款费订续套餐额贷险约预登录验码"
    "折扣优惠陈刘杨赵吴徐孙朱胡郭罗郑梁谢宋唐韩曹邓萧冯曾彭蔡潘田董袁余叶蒋杜苏魏吕丁沈姚卢傅钟姜崔谭"
    "廖范汪陆贾韦夏付邹熊孟秦阎薛侯雷龙陶黎贺顾郝龚邵严覃戴莫孔汤尹易康施洪段牛樊葛邢齐伍庞颜倪庄聂章"
    "鲁岳翟殷詹申欧耿兰焦俞左柳甘祝宁尚符舒阮柯纪梅童凌毕季裴霍涂苗谷盛曲翁冉骆蓝游辛靳柴蒙鲍喻祁屠饶"
    "牟艾尤阳穆农伟芳娜秀敏静丽磊洋勇艳杰娟涛超霞刚桂鹏辉玲婷宇浩欣雪琳倩涵轩梓博俊佳怡嘉豪晨睿诗雨瑞"
    "凯峰斌波彬旭健鑫慧莹颖雅琴凤洁丹云莲珍莉璐琦晶妍茜秋珊莎锦婉瑾露瑶蓉君薇梦岚婕馨韵悦冰羽希柔竹晓"
    "欢芸菲依紫玉春帅亮楠良栋振庆祥福荣贵富松柏森楚胜宏伦永昌晖翔炎泽恒源淑燕彩珠翠哲鸣朗毅仁省县镇乡"
    "村街号楼室座层园苑湾桥河湖港岸州岛津沪渝冀晋辽吉黑浙皖闽赣豫鄂湘粤琼川滇藏陕疆圳杭汉徽肃泉温厦昆"
    "沙哈尔滨锡肥朝陵塘桐梧淮滁芜蚌庐蜀厂库铺店铁坪坡岭沟屯寨营堡仓客户姓姐址备注整级编序职份证银卡尾"
    "状态末缴账欠逾类型"
)
_MARKS = frozenset("，。、；：？！（）《》【】“”‘’—…·￥％＃＆＋－／")
# Of a hundred characters so many have to be frequent.
_ENOUGH = 45


def is_chinese(text: str) -> bool:
    """Whether the characters of a text beyond ASCII are such as a list in Chinese has; none are.

    Those that only GB18030 has, four bytes each, say nothing: no other encoding makes them by chance.
    """
    seen = [character for character in text if character > "\x7f" and len(character.encode("gb18030")) < 4]
    known = sum(character in _FREQUENT or character in _MARKS or _is_wide(character) for character in seen)
    return known * 100 >= len(seen) * _ENOUGH


def _is_wide(character: str) -> bool:
    """Whether it is a digit or a letter in full width."""
    return "\uff10" <= character <= "\uff5a"


def _big5(character: str) -> bool:
    return b"\xa4\x40" <= character.encode("big5") <= b"\xc6\x7e"


def _shift_jis(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff" or b"\x88" <= character.encode("shift_jis") < b"\x98\x73"


_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
# Other encodings that lists come in, and which characters are usual in them.
_OTHERS: dict[str, Callable[[str], bool]] = {
    "euc_kr": lambda character: "\uac00" <= character <= "\ud7a3",
    "shift_jis": _shift_jis,
    "big5": _big5,
    "cp1252": lambda character: "\u00c0" <= character <= "\u017f",
}


def others(data: bytes) -> list[str]:
    """Which other encodings the bytes may well be in, the likeliest first."""
    found = []
    for codec, usual in _OTHERS.items():
        try:
            seen = [character for character in data.decode(codec) if character > "\x7f"]
        except UnicodeDecodeError:
            continue
        if codec == "cp1252" and len(_ALONE.findall(data)) * 2 < len(seen):
            continue  # letters with accents hardly ever stand side by side
        if (count := sum(map(usual, seen))) * 2 > len(seen):
            found.append((-count / len(seen), codec))
    return [codec for _, codec in sorted(found)]
